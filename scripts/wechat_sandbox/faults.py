"""Faults that a test orders: which operation they meet, how often, and what they do to it."""

import fnmatch
import secrets
from typing import Annotated, Literal

import msgspec

from scripts.wechat_sandbox.records import FinalState
from scripts.wechat_sandbox.state import Book, Store

Flavour = Literal["signature", "other_key", "stale", "amount", "mchid", "serial", "ciphertext", "signtest"]


class Answer(msgspec.Struct, tag="answer", tag_field="kind", forbid_unknown_fields=True, kw_only=True):
    """Answer this status and code instead: before anything is done, or after it was committed."""

    status: Annotated[int, msgspec.Meta(ge=400, le=599)] = 500
    code: str = "SYSTEM_ERROR"
    message: str = "系统异常，请稍后重试"
    when: Literal["before", "after"] = "before"


class Hang(msgspec.Struct, tag="hang", tag_field="kind", forbid_unknown_fields=True, kw_only=True):
    """Be silent for so many seconds and cut the connection without an answer."""

    seconds: Annotated[float, msgspec.Meta(ge=0, le=600)] = 30.0
    when: Literal["before", "after"] = "after"


class Slow(msgspec.Struct, tag="slow", tag_field="kind", forbid_unknown_fields=True, kw_only=True):
    """Answer properly, so many seconds late."""

    seconds: Annotated[float, msgspec.Meta(ge=0, le=600)] = 1.0


class BadReply(msgspec.Struct, tag="bad_reply", tag_field="kind", forbid_unknown_fields=True, kw_only=True):
    """Do it, and answer with a signature that is missing, made by a stranger, or ten minutes old."""

    flavour: Literal["unsigned", "other_key", "stale"] = "unsigned"


class Lose(msgspec.Struct, tag="lose", tag_field="kind", forbid_unknown_fields=True, kw_only=True):
    """Never send the notice, on no attempt."""


class Duplicate(msgspec.Struct, tag="duplicate", tag_field="kind", forbid_unknown_fields=True, kw_only=True):
    """Send so many more genuine copies at the same time as the first one."""

    copies: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1


class Delay(msgspec.Struct, tag="delay", tag_field="kind", forbid_unknown_fields=True, kw_only=True):
    """Send the first attempt so many real seconds later."""

    seconds: Annotated[float, msgspec.Meta(ge=0, le=3600)] = 1.0


class Reorder(msgspec.Struct, tag="reorder", tag_field="kind", forbid_unknown_fields=True, kw_only=True):
    """Hold notices until ``count`` are there, then send them newest first, one by one.

    What is held is sent after ``within_seconds`` in any case.
    """

    count: Annotated[int, msgspec.Meta(ge=2, le=1000)] = 2
    within_seconds: Annotated[float, msgspec.Meta(gt=0, le=600)] = 5.0


class Forge(msgspec.Struct, tag="forge", tag_field="kind", forbid_unknown_fields=True, kw_only=True):
    """Send a forged notice first; ``instead`` means that the genuine one never comes.

    signature: one byte of it is wrong; other_key: a stranger signed; stale: WeChat signed, ten minutes ago;
    serial: an unknown serial; ciphertext: the tag does not fit; signtest: WeChat's own probe. With amount
    and mchid WeChat really signed, and the content is not ours: one fen more, another merchant.
    """

    flavour: Flavour = "signature"
    instead: bool = False


class Settle(msgspec.Struct, tag="settle", tag_field="kind", forbid_unknown_fields=True, kw_only=True):
    """Let a refund end in this state (operation ``refund.settle``)."""

    state: FinalState = "ABNORMAL"


CallFault = Answer | Hang | Slow | BadReply
NoticeFault = Lose | Duplicate | Delay | Reorder | Forge
Action = Answer | Hang | Slow | BadReply | Lose | Duplicate | Delay | Reorder | Forge | Settle


class Rule(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One order to misbehave.

    ``operation`` may hold ``*``; an empty number matches any; no ``times`` means for ever.
    """

    operation: str
    action: Action
    out_trade_no: str = ""
    times: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] | None = 1
    id: str = ""
    hits: int = 0


class Faults:
    """The rules in force. Taking a rule uses up one of its times."""

    def __init__(self, store: Store) -> None:
        self._rules: Book[Rule] = Book(store, "faults", Rule)
        self._count = len(self._rules)

    def add(self, rule: Rule) -> Rule:
        """Put a rule in force, behind the older ones."""
        self._count += 1
        rule.id = f"{self._count:06d}-{secrets.token_hex(3)}"
        rule.hits = 0
        return self._rules.put(rule.id, rule)

    def rules(self) -> list[Rule]:
        """All rules in force, oldest first."""
        return sorted(self._rules, key=lambda rule: rule.id)

    def remove(self, rule_id: str = "") -> None:
        """Lift one rule, or all of them."""
        for rule in self.rules():
            if not rule_id or rule.id == rule_id:
                self._rules.remove(rule.id)

    def take_call(self, operation: str, out_trade_no: str) -> CallFault | None:
        """The oldest fault that meets this call."""
        for rule in self.rules():
            if isinstance(rule.action, CallFault) and self._meets(rule, operation, out_trade_no):
                self._use(rule)
                return rule.action
        return None

    def take_notice(self, operation: str, out_trade_no: str) -> list[Rule]:
        """Every rule that meets this notice; they add up."""
        met = [
            rule
            for rule in self.rules()
            if isinstance(rule.action, NoticeFault) and self._meets(rule, operation, out_trade_no)
        ]
        for rule in met:
            self._use(rule)
        return met

    def take_settlement(self, out_trade_no: str) -> FinalState | None:
        """The state that a rule wants this refund to end in."""
        for rule in self.rules():
            if isinstance(rule.action, Settle) and self._meets(rule, "refund.settle", out_trade_no):
                self._use(rule)
                return rule.action.state
        return None

    @staticmethod
    def _meets(rule: Rule, operation: str, out_trade_no: str) -> bool:
        return fnmatch.fnmatchcase(operation, rule.operation) and rule.out_trade_no in ("", out_trade_no)

    def _use(self, rule: Rule) -> None:
        rule.hits += 1
        if rule.times is not None and rule.hits >= rule.times:
            self._rules.remove(rule.id)
        else:
            self._rules.put(rule.id, rule)
