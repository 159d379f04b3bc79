"""Values of an event's members, each looked at for itself: a member that is wrong is named, with what stands there."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from epcis.contexts import SCHEMES, is_address
from epcis.findings import Finding, finding
from epcis.hashes import CBV, PREFIXES
from epcis.keys import key_holds

MAX_LISTED = 1000
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")
_OFFSET = re.compile(r"[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00)")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s\"<>\\^`{|}]+")
_OLD = re.compile(r"(?:cbv:|urn:epcglobal:cbv|https?://ns\.gs1\.org/cbv/)")


class Check:
    """One pass over one event, the ``place``-th of its file; ``found`` grows. ``own`` are the prefixes that it may use
    besides the standard's.
    """

    def __init__(self, place: int | None, spaces: Mapping[str, str]) -> None:
        self.place = place
        self.spaces = {**PREFIXES, **spaces}
        self.own = dict(spaces)
        self.found: list[Finding] = []

    def fault(self, code: str, pointer: str, told: object = "") -> None:
        """Note a fault."""
        self.found.append(finding(code, pointer, told, self.place))

    def members(self, holder: Any, at: str, known: Mapping[str, Any], required: tuple[str, ...]) -> None:
        """Every member is known or somebody's own, and is what it must be."""
        if not isinstance(holder, dict):
            self.fault("kind_wrong", at, holder)
            return
        for name in required:
            if name not in holder:
                self.fault("member_missing", f"{at}/{name}")
        for name, value in holder.items():
            pointer = f"{at}/{_escaped(name)}"
            if name in known:
                known[name](self, value, pointer)
            else:
                self.extension(name, value, pointer)

    def held(self, holder: Mapping[str, Any], at: str) -> None:
        """What stands inside of somebody's own member; a name without a prefix is lost on readers of JSON-LD."""
        for name, value in holder.items():
            pointer = f"{at}/{_escaped(name)}"
            if ":" in name:
                self.extension(name, value, pointer)
            else:
                self.fault("term_undeclared", pointer, name)

    def extension(self, name: str, value: Any, at: str) -> None:
        """A member of somebody's own namespace, with all that it holds."""
        if not _NAME.fullmatch(name) or not is_address(name):
            self.fault("member_unknown", at, name)
        else:
            self.declared(name, at)
        for place, each in enumerate(value) if isinstance(value, list) else [(None, value)]:
            where = at if place is None else f"{at}/{place}"
            if isinstance(each, dict):
                self.held(each, where)
            elif each is None or isinstance(each, list):
                self.fault("kind_wrong", where, each)

    def declared(self, name: str, at: str) -> None:
        """The prefix of a name is one that a context declares."""
        prefix = name.partition(":")[0]
        if prefix not in self.spaces and prefix.lower() not in SCHEMES:
            self.fault("namespace_undeclared", at, name)

    def text(self, value: Any, at: str) -> bool:
        """Whether it is a text."""
        if not isinstance(value, str):
            self.fault("kind_wrong", at, value)
        return isinstance(value, str)

    def address(self, value: Any, at: str) -> None:
        """A URI; one that claims to be a GS1 key is one."""
        if not self.text(value, at):
            return
        if not is_address(value):
            self.fault("address_wrong", at, value)
        elif not key_holds(value):
            self.fault("key_wrong", at, value)
        else:
            self.declared(value, at)

    def addresses(self, value: Any, at: str) -> None:
        """URIs, each once."""
        for place, each in self.listed(value, at):
            self.address(each, f"{at}/{place}")
        texts = [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
        if len(set(texts)) < len(texts):
            self.fault("listed_twice", at)

    def certificates(self, value: Any, at: str) -> None:
        """One URI or several."""
        if isinstance(value, list):
            self.addresses(value, at)
        else:
            self.address(value, at)

    def listed(self, value: Any, at: str, *, some: bool = False) -> list[tuple[int, Any]]:
        """The members of a list with their places."""
        if not isinstance(value, list):
            self.fault("kind_wrong", at, value)
            return []
        if len(value) > MAX_LISTED:
            self.fault("list_long", at, len(value))
            return []
        if some and not value:
            self.fault("list_empty", at)
        return list(enumerate(value))

    def number(self, value: Any, at: str) -> None:
        """A number, which true and false are not."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.fault("kind_wrong", at, value)

    def truth(self, value: Any, at: str) -> None:
        """True or false."""
        if not isinstance(value, bool):
            self.fault("kind_wrong", at, value)

    def octets(self, value: Any, at: str) -> None:
        """Hexadecimal digits."""
        if self.text(value, at) and not re.fullmatch("[0-9A-Fa-f]+", value):
            self.fault("kind_wrong", at, value)

    def moment(self, value: Any, at: str) -> None:
        """A time with its offset."""
        if self.text(value, at) and moment_of(value) is None:
            self.fault("time_wrong", at, value)

    def offset(self, value: Any, at: str) -> None:
        """An offset from UTC."""
        if self.text(value, at) and not _OFFSET.fullmatch(value):
            self.fault("offset_wrong", at, value)

    def action(self, value: Any, at: str) -> None:
        """What happens to the goods."""
        if value not in ("ADD", "OBSERVE", "DELETE"):
            self.fault("action_wrong", at, value)

    def unit(self, value: Any, at: str) -> None:
        """A unit of UN/ECE Recommendation 20."""
        if self.text(value, at) and not re.fullmatch("[A-Z0-9]{2,3}", value):
            self.fault("unit_wrong", at, value)

    def word(self, value: Any, at: str, words: frozenset[str], space: str) -> None:
        """A word of the vocabulary, bare or as its address, or somebody's own word as an address."""
        if not self.text(value, at):
            return
        if ":" not in value:
            if value not in words:
                self.fault("word_unknown", at, value)
            return
        prefix, _, local = value.partition(":")
        full = self.spaces[prefix] + local if prefix in self.spaces else value
        if not is_address(value):
            self.fault("address_wrong", at, value)
        elif _OLD.match(value) and space.startswith(CBV) and not value.startswith("cbv:"):
            self.fault("word_old", at, value)
        elif full.startswith(space):
            if full.removeprefix(space) not in words:
                self.fault("word_unknown", at, value)
        elif full.startswith((CBV, PREFIXES["gs1"], "http://gs1.org/voc/", "https://www.gs1.org/voc/")):
            self.fault("word_unknown", at, value)
        else:
            self.declared(value, at)

    def closed(self, value: Any, at: str, known: Mapping[str, Any], required: tuple[str, ...]) -> None:
        """A part that nobody may extend."""
        if isinstance(value, dict) and (own := sorted(value.keys() - known.keys())):
            self.fault("member_unknown", f"{at}/{own[0]}", own[0])
        else:
            self.members(value, at, known, required)

    def anything(self, value: Any, at: str) -> None:
        """Looked at elsewhere, or not at all."""


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def moment_of(value: Any) -> datetime | None:
    """A time between 1970 and 2200, or None."""
    if not isinstance(value, str) or not value.isascii() or not _TIME.fullmatch(value):
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found if 1970 < found.year < 2200 and _hour_holds(value) else None


def _hour_holds(value: str) -> bool:
    return value.endswith("Z") or (int(value[-5:-3]) < 24 and int(value[-2:]) < 60)


def texts(value: Any) -> list[str]:
    """The texts in a list."""
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
