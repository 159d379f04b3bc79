"""Codes that lead into a room: made by viewers and for places, opened by others, and counted as they are."""

from collections import Counter
from dataclasses import dataclass

from kit.clock import Clock, utc_now
from kit.database import Row, execute, row, scalar, transaction
from kit.numbers import opaque_id
from live.errors import SessionNotFound
from live.listing import PHASES, Phase
from live.media.keys import LiveKeys
from live.models import SessionState
from live.shares.errors import ShareCodesFull, ShareCodeUnknown
from live.talk.feed import lock_session
from orders.events import OrderPaid
from orders.quotes import HOSTED
from scans.ports import CodePainter

PAGE = "pages/live/index"
"""The mini-program's page that reads the scene."""
MOST_PLACES = 100


@dataclass(frozen=True)
class Shares:
    """The use cases. A code's figures are counted where something happens, never set."""

    painter: CodePainter
    keys: LiveKeys
    clock: Clock = utc_now

    async def of_viewer(self, number: str, caller: str) -> str:
        """A viewer's code of a session, the same however often it is asked for.

        Raises ``SessionNotFound``, also for one that was called off or cut.
        """
        async with transaction():
            found = await row("SELECT id, state FROM live_session WHERE number = $1", number)
            if found is None or PHASES[SessionState(found["state"])] is Phase.OFF:
                raise SessionNotFound(number=number)
            await execute(
                "INSERT INTO live_share_code (code, session_id, kind, note, caller, made_at, opens, viewers, orders,"
                " pieces) VALUES ($1, $2, 'viewer', '', $3, $4, 0, 0, 0, 0)"
                " ON CONFLICT (session_id, caller) WHERE kind = 'viewer' DO NOTHING",
                opaque_id()[:16],
                found["id"],
                caller,
                self.clock(),
            )
            return str(
                await scalar(
                    "SELECT code FROM live_share_code WHERE session_id = $1 AND caller = $2 AND kind = 'viewer'",
                    found["id"],
                    caller,
                )
            )

    async def for_place(self, number: str, host: str, note: str) -> str:
        """A new code for a place of the host's session; ``note`` says where it hangs.

        Raises ``SessionNotFound`` for another host's session and :class:`ShareCodesFull`.
        """
        async with transaction():
            session = await lock_session(number)
            if session.host != host or PHASES[session.state] is Phase.OFF:
                raise SessionNotFound(number=number)
            made = await scalar(
                "SELECT count(*) FROM live_share_code WHERE session_id = $1 AND kind = 'place'", session.id
            )
            if made >= MOST_PLACES:
                raise ShareCodesFull(limit=MOST_PLACES)
            code = opaque_id()[:16]
            await execute(
                "INSERT INTO live_share_code (code, session_id, kind, note, caller, made_at, opens, viewers, orders,"
                " pieces) VALUES ($1, $2, 'place', $3, $4, $5, 0, 0, 0, 0)",
                code,
                session.id,
                note,
                f"staff:{host}",
                self.clock(),
            )
            return code

    async def picture(self, code: str, caller: str) -> bytes:
        """The mini-program code, drawn by WeChat, for whoever made it. No transaction may be open.

        Raises :class:`ShareCodeUnknown` and ``scans.errors.CodePictureUnavailable``.
        """
        await self._found(code, caller)
        return await self.painter.mini_program_code(code, PAGE)

    async def open(self, code: str, caller: str | None, *, is_look: bool) -> tuple[str, SessionState]:
        """The session that a code leads to, and its state. A look counts; so does a person whom no code of the session
        has brought before. Who opens an own code is not counted.

        Raises :class:`ShareCodeUnknown`.
        """
        found = await self._found(code)
        if is_look and (caller is None or caller != found["caller"]):
            await execute(
                "WITH came AS (INSERT INTO live_shared_visit (session_id, viewer, share_id, came_at)"
                " SELECT $2, $3::text, $1, $4 WHERE $3::text IS NOT NULL ON CONFLICT DO NOTHING RETURNING 1)"
                " UPDATE live_share_code SET opens = opens + 1, viewers = viewers + (SELECT count(*) FROM came)"
                " WHERE id = $1",
                found["id"],
                found["session_id"],
                self.keys.viewer_name(found["number"], caller) if caller is not None else None,
                self.clock(),
            )
        return found["number"], SessionState(found["state"])

    async def _found(self, code: str, caller: str | None = None) -> Row:
        found = await row(
            "SELECT c.id, c.session_id, c.caller, s.number, s.state FROM live_share_code c"
            " JOIN live_session s ON s.id = c.session_id WHERE c.code = $1 AND ($2::text IS NULL OR c.caller = $2)",
            code,
            caller,
        )
        if found is None or PHASES[SessionState(found["state"])] is Phase.OFF:
            raise ShareCodeUnknown()
        return found

    async def count_order(self, paid: OrderPaid) -> None:
        """What somebody has paid for in a room counts for the code that had brought the person there, once for each
        order. Joins the caller's transaction.
        """
        pieces: Counter[str] = Counter()
        for line in paid.lines:
            if line.source and line.source.startswith(HOSTED):
                pieces[line.source.removeprefix(HOSTED)] += line.quantity
        for number in sorted(pieces):
            await execute(
                "UPDATE live_share_code c SET orders = orders + 1, pieces = pieces + $3 FROM live_shared_visit v"
                " JOIN live_session s ON s.id = v.session_id WHERE s.number = $1 AND v.viewer = $2"
                " AND v.came_at <= $4 AND c.id = v.share_id",
                number,
                self.keys.viewer_name(number, f"consumer:{paid.consumer}"),
                pieces[number],
                paid.paid_at,
            )
