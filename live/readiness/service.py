"""The gate from SCHEDULED to READY (live reference 5): the host verified for this session, the shelf signed off."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from kit.clock import Clock, china_day, utc_now
from kit.database import rows, transaction
from live.errors import NotOnShelf, SessionNotFound, SessionStateForbids
from live.media.publishing import change_state
from live.models import OPEN, LiveSession, SessionState
from live.plans.roles import demand_no_part
from live.ports import RoomBell
from live.readiness.checks import ProductCheck, product_checks
from live.readiness.errors import NotASigner, ProductNotCleared, SessionNotReady
from live.readiness.models import ReverificationKind, SessionClearance, SessionReverification, ShelfSignOff
from live.readiness.standing import barred
from live.readiness.words import reasons_as_facts
from live.roster.service import Roster
from live.talk.feed import lock_session, ring_after_commit

DECLARED = "本人声明：与建档身份一致，由本人主播"
"""What a host declares."""


@dataclass(frozen=True)
class Readiness:
    """The use cases. ``host`` is the number of a staff account, ``by`` the account held to it.

    ``signers`` are the numbers of the officers who sign products; every officer does when none is named.
    """

    roster: Roster
    bell: RoomBell
    clock: Clock = utc_now
    signers: frozenset[str] = frozenset()

    async def declare(self, number: str, host: str) -> None:
        """The host declares to be the one on record. Raises ``SessionNotFound``, ``SessionStateForbids``."""
        await self._verify(number, ReverificationKind.DECLARATION, DECLARED, f"staff:{host}", host)

    async def verify(self, number: str, document: str, by: str) -> None:
        """An officer has seen the host for this session.

        Raises ``SessionNotFound``, ``SessionStateForbids``, ``OwnMatter`` for who has a part in it.
        """
        await self._verify(number, ReverificationKind.OFFICER, document, by, None)

    async def sign_off(self, number: str, codes: Sequence[str], by: str) -> None:
        """Sign products of the shelf as they stand, all or none; what is signed already stays.

        Raises :class:`NotASigner`, ``OwnMatter`` for who has a part in the session or works for the seller,
        ``SessionNotFound``, ``SessionStateForbids``, ``NotOnShelf``, :class:`ProductNotCleared`.
        """
        if self.signers and by.removeprefix("staff:") not in self.signers:
            raise NotASigner()
        now = self.clock()
        async with transaction():
            session = await self._open(number)
            checks = await product_checks(session, now, list(codes))
            await demand_no_part(session, by, {each.merchant for each in checks if each.merchant})
            found = {each.sku for each in checks}
            for code in codes:
                if code not in found:
                    raise NotOnShelf(product=code)
            refused = {each.sku: [one.kind for one in each.findings] for each in checks if each.findings}
            if refused:
                raise ProductNotCleared(
                    findings=refused, reasons=reasons_as_facts((), [each for each in checks if each.findings])
                )
            places = await rows("SELECT id, code FROM live_shelf_item WHERE session_id = $1", session.id)
            items = {each["code"]: each["id"] for each in places}
            await ShelfSignOff.bulk_create(
                [_signed(session, each, items[each.sku], by, now) for each in checks if not each.is_signed]
            )

    async def obstacles(self, session: LiveSession, checks: Sequence[ProductCheck]) -> list[str]:
        """Why a session may not go on air; nothing when it may. ``FieldUnreadable`` for a damaged record."""
        now = self.clock()
        told = await self.roster.obstacles(session.host, china_day(max(session.planned_at, now)))
        told += [name for name in await barred(session, now) if name not in told]
        return told if all(each.is_signed and not each.findings for each in checks) else [*told, "sign_off"]

    async def clear(self, number: str, host: str) -> None:
        """Let a session become READY when nothing stands against it. One that is ready stays so.

        Raises ``SessionNotFound``, ``SessionStateForbids``, :class:`SessionNotReady`.
        """
        now = self.clock()
        async with transaction():
            session = await lock_session(number)
            if session.host != host:
                raise SessionNotFound(number=number)
            if session.state is SessionState.READY:
                return
            if session.state is not SessionState.SCHEDULED:
                raise SessionStateForbids(state=session.state.value)
            checks = await product_checks(session, now)
            obstacles = await self.obstacles(session, checks)
            if obstacles:
                unsigned = [each.sku for each in checks if not each.is_signed or each.findings]
                raise SessionNotReady(
                    obstacles=obstacles, products=unsigned, reasons=reasons_as_facts(obstacles, checks)
                )
            await SessionClearance.create(
                session_id=session.id,
                planned_at=session.planned_at,
                shelf=[each.sku for each in checks],
                cleared_by=f"staff:{host}",
                cleared_at=now,
            )
            await change_state(session, SessionState.READY, now)
        await ring_after_commit(self.bell, number)

    async def _verify(self, number: str, kind: ReverificationKind, document: str, by: str, host: str | None) -> None:
        async with transaction():
            session = await self._open(number)
            if host is None:
                await demand_no_part(session, by)
            elif session.host != host:
                raise SessionNotFound(number=number)
            await SessionReverification.create(
                session_id=session.id, kind=kind, document=document, recorded_by=by, recorded_at=self.clock()
            )

    async def _open(self, number: str) -> LiveSession:
        session = await lock_session(number)
        if session.state not in OPEN:
            raise SessionStateForbids(state=session.state.value)
        return session


def _signed(session: LiveSession, check: ProductCheck, item: int, by: str, now: datetime) -> ShelfSignOff:
    return ShelfSignOff(
        session_id=session.id,
        item=item,
        code=check.sku,
        title=check.title,
        list_price_fen=check.list_price_fen,
        price_standing_since=check.price_standing_since,
        signed_by=by,
        signed_at=now,
    )
