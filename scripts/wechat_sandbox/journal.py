"""What happened, for tests and for curious people: calls, notices, pushes and the cashier, newest last.

Kept in memory only and bounded; it holds no key, no secret and no body.
"""

from collections import deque
from datetime import datetime

import msgspec

from scripts.wechat_sandbox.moments import utc_now

KEPT_ENTRIES = 20_000


class Entry(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One line of the journal. ``kind`` is call, miniprogram, notice, push, cashier or refund."""

    sequence: int
    at: datetime
    kind: str
    operation: str
    out_trade_no: str = ""
    status: int = 0
    code: str = ""
    request_id: str = ""
    fault: str = ""
    note: str = ""
    elapsed_ms: int = 0


class Journal:
    """A bounded list of entries, numbered without gaps from 1."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=KEPT_ENTRIES)
        self._sequence = 0

    def write(
        self,
        kind: str,
        operation: str,
        *,
        out_trade_no: str = "",
        status: int = 0,
        code: str = "",
        request_id: str = "",
        fault: str = "",
        note: str = "",
        elapsed_ms: int = 0,
    ) -> Entry:
        """Add one entry."""
        self._sequence += 1
        entry = Entry(
            sequence=self._sequence,
            at=utc_now(),
            kind=kind,
            operation=operation,
            out_trade_no=out_trade_no,
            status=status,
            code=code,
            request_id=request_id,
            fault=fault,
            note=note,
            elapsed_ms=elapsed_ms,
        )
        self._entries.append(entry)
        return entry

    def select(self, *, kind: str = "", operation: str = "", out_trade_no: str = "", after: int = 0) -> list[Entry]:
        """Entries with a sequence above ``after`` that match what is not empty."""
        return [
            entry
            for entry in self._entries
            if entry.sequence > after
            and (not kind or entry.kind == kind)
            and (not operation or entry.operation == operation)
            and (not out_trade_no or entry.out_trade_no == out_trade_no)
        ]
