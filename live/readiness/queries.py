"""What the host, the centre and its auditors read of the gate."""

from datetime import datetime

import msgspec

from kit.database import rows
from live.errors import SessionNotFound
from live.models import LiveSession
from live.readiness.checks import ProductCheck, product_checks
from live.readiness.models import ReverificationKind
from live.readiness.service import Readiness
from live.readiness.words import Reason, reasons


class Reverification(msgspec.Struct, frozen=True, kw_only=True):
    """One verification of the host for this session."""

    kind: ReverificationKind
    document: str
    recorded_by: str
    recorded_at: datetime


class Gate(msgspec.Struct, frozen=True, kw_only=True):
    """Where a session stands before the air. Nothing in ``obstacles``: it may become ready; ``reasons`` say them."""

    number: str
    title: str
    host: str
    state: str
    planned_at: datetime
    obstacles: list[str]
    reasons: list[Reason]
    products: list[ProductCheck]
    reverifications: list[Reverification]


class HostVerification(Reverification, frozen=True, kw_only=True):
    """One verification of a host, and for which session."""

    session: str


async def verifications_of(host: str) -> list[HostVerification]:
    """When a host was verified for a session, the latest first, at most 100."""
    found = await rows(
        "SELECT s.number AS session, v.kind, v.document, v.recorded_by, v.recorded_at FROM session_reverification v"
        " JOIN live_session s ON s.id = v.session_id WHERE s.host = $1 ORDER BY v.id DESC LIMIT 100",
        host,
    )
    return [msgspec.convert(each, HostVerification) for each in found]


async def gate_of(readiness: Readiness, number: str, host: str | None = None, *, english: bool = False) -> Gate:
    """The gate of a session, of this host's own if one is given. Raises ``SessionNotFound``."""
    session = await LiveSession.get_or_none(number=number)
    if session is None or (host is not None and session.host != host):
        raise SessionNotFound(number=number)
    products = await product_checks(session, readiness.clock())
    obstacles = await readiness.obstacles(session, products)
    told = await rows(
        "SELECT kind, document, recorded_by, recorded_at FROM session_reverification WHERE session_id = $1"
        " ORDER BY id DESC LIMIT 20",
        session.id,
    )
    return Gate(
        number=session.number,
        title=session.title,
        host=session.host,
        state=session.state.value,
        planned_at=session.planned_at,
        obstacles=obstacles,
        reasons=reasons(obstacles, products, english=english),
        products=products,
        reverifications=[msgspec.convert(each, Reverification) for each in told],
    )
