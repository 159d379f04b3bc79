"""Who may push pictures in: addresses, the media server's questions, and what it forgot to say."""

import asyncio
import hashlib
import hmac
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from kit.clock import Clock, utc_now
from kit.database import execute, row, rows, scalar, transaction
from kit.numbers import opaque_id
from kit.outbox import announce
from live.errors import MediaSpaceLow, PublishRefused, PushAddressTooEarly, SessionNotFound, SessionStateForbids
from live.events import SessionStarted
from live.media.folders import lay_folder
from live.media.keys import STREAM_NAME, LiveKeys, read_push_key
from live.media.models import Rehearsal
from live.media.space import Space
from live.models import OPEN, LiveSession, SessionState, StreamPublish
from live.ports import PublishedStream, RoomBell
from live.readiness.errors import SessionNotReady
from live.readiness.standing import barred
from live.readiness.words import reasons_as_facts
from live.talk.feed import append, lock_session, ring_after_commit

log = logging.getLogger("longchuan.live")

KEY_LIFETIME = timedelta(hours=2)
"""How long a push address may be used for the first time, and again by the same publisher."""
EARLIEST = timedelta(hours=2)
"""A push address is not issued earlier than this before the planned time."""
GRACE = timedelta(seconds=60)
SETTLING = timedelta(seconds=3)
"""A publish is this old before its absence at the media server means anything: the callback precedes the
stream.
"""


@dataclass(frozen=True)
class PushAddress:
    """One address in the two forms that encoders want: server + key (OBS), and one URL (phones)."""

    server: str
    key: str
    url: str
    expires_at: datetime


@dataclass(frozen=True)
class PublishRequest:
    """What the media server tells about a publisher. ``client`` is its number of the connection."""

    stream: str
    client: str
    address: str
    encoder: str
    expires: str
    nonce: str
    signature: str

    @property
    def fingerprint(self) -> str:
        """Who this is, as far as RTMP tells: address and encoder."""
        return hashlib.sha256(f"{self.address}\n{self.encoder}".encode()).hexdigest()


async def change_state(session: LiveSession, state: SessionState, now: datetime, **columns: datetime | None) -> None:
    """Take one step of the table under the row's lock and tell the viewers. Raises
    :class:`SessionStateForbids`.
    """
    if not session.may_become(state):
        raise SessionStateForbids(state=session.state.value, wanted=state.value)
    await _write(session, state=state, **columns)
    await append(session.id, "state", {"state": state.value}, now)


async def _write(session: LiveSession, **columns: object) -> None:
    """Change columns of the row that the open transaction has locked, and of its picture in memory."""
    await LiveSession.filter(id=session.id).update(**columns)
    session.update_from_dict(columns)


@dataclass(frozen=True)
class Publishing:
    """Push addresses and publishes."""

    keys: LiveKeys
    publish_url: str
    bell: RoomBell
    clock: Clock = utc_now
    grace: timedelta = GRACE
    space: Space | None = None
    hls_directory: Path | None = None

    async def issue_address(self, number: str, host: str, valid_for: timedelta = KEY_LIFETIME) -> PushAddress:
        """A new push address; the one before it is worth nothing from now on.

        ``valid_for`` is at most :data:`KEY_LIFETIME`; a host who hands the address on asks for less.
        Raises ``SessionNotFound`` for another host's session, ``SessionStateForbids`` after the end,
        ``PushAddressTooEarly``, ``SessionNotReady`` before the gate has let it through and while the host is barred.
        Who is on air already gets an address all the same: that is ended by other means.
        ``MediaSpaceLow`` before the air while the disk is nearly full or the quota reached.
        """
        now = self.clock()
        async with transaction():
            session = await lock_session(number)
            if session.host != host:
                raise SessionNotFound(number=number)
            if session.state not in OPEN:
                raise SessionStateForbids(state=session.state.value)
            if now < (earliest := session.planned_at - EARLIEST):
                raise PushAddressTooEarly(not_before=earliest.isoformat())
            if session.state is SessionState.SCHEDULED:
                raise _not_ready(["readiness"])
            if session.state is SessionState.READY and self.space is not None and await self.space.is_full():
                raise MediaSpaceLow()
            if session.state is SessionState.READY and (obstacles := await barred(session, now)):
                raise _not_ready(obstacles)
            nonce = opaque_id()
            expires_at = (now + min(valid_for, KEY_LIFETIME)).replace(microsecond=0)
            await _write(session, push_nonce=nonce, push_expires_at=expires_at, push_bound_to=None)
        key = self.keys.push_key(session.stream, nonce, expires_at)
        name = f"{session.stream}?{key.query}"
        return PushAddress(self.publish_url, name, f"{self.publish_url}/{name}", expires_at)

    async def admit(self, request: PublishRequest) -> int:
        """Let a publisher in and answer the publish's generation. Raises :class:`PublishRefused` for
        anybody else, and OSError when there is no folder for the pictures: then nobody publishes either.

        The signature is checked before the database is asked. The same connection asking twice gets the
        same answer.
        """
        generation = await self._admit(request)
        if self.hls_directory is not None:
            await asyncio.to_thread(lay_folder, self.hls_directory, request.stream)
        return generation

    async def _admit(self, request: PublishRequest) -> int:
        key = read_push_key(request.expires, request.nonce, request.signature)
        if not STREAM_NAME.fullmatch(request.stream) or key is None:
            raise self._refusal(request, "malformed")
        if not self.keys.push_key_holds(request.stream, key):
            raise self._refusal(request, "signature")
        now = self.clock()
        if self.keys.expiry_of(key) <= now:
            raise self._refusal(request, "expired")
        async with transaction():
            session = await LiveSession.select_for_update().get_or_none(stream=request.stream)
            if session is None or not hmac.compare_digest(session.push_nonce or "", key.nonce):
                raise self._refusal(request, "replaced")
            if session.push_bound_to not in (None, request.fingerprint):
                raise self._refusal(request, "another publisher")
            open_publish = await StreamPublish.get_or_none(session_id=session.id, ended_at=None)
            if open_publish is not None:
                if open_publish.client == request.client and open_publish.address == request.address:
                    return open_publish.generation
                raise self._refusal(request, "in use")
            if session.state is SessionState.READY and self.space is not None and await self.space.is_full():
                raise self._refusal(request, "no space")
            if await self._rehearses(session, request, now):
                return session.generation
            if not session.may_become(SessionState.LIVE):
                raise self._refusal(request, f"session {session.state.value}")
            await _write(session, generation=session.generation + 1, push_bound_to=request.fingerprint)
            await StreamPublish.create(
                session_id=session.id,
                generation=session.generation,
                client=request.client[:32],
                address=request.address[:64],
                started_at=now,
            )
            if session.started_at is None:
                await announce(SessionStarted(session=session.number, title=session.title, started_at=now))
            await change_state(
                session, SessionState.LIVE, now, started_at=session.started_at or now, interrupted_at=None
            )
        await ring_after_commit(self.bell, session.number)
        return session.generation

    async def _rehearses(self, session: LiveSession, request: PublishRequest, now: datetime) -> bool:
        """Whether the publisher was let in for a rehearsal, which takes no step and keeps nothing. Raises
        :class:`PublishRefused` while somebody else rehearses or the last one is not cleared away.
        """
        rehearsal = await Rehearsal.get_or_none(session_id=session.id, cleared_at=None)
        if rehearsal is None or session.state is not SessionState.READY:
            return False
        if rehearsal.ended_at is not None:
            raise self._refusal(request, "rehearsal not cleared")
        who = (request.client[:32], request.address[:64])
        if rehearsal.client is not None:
            if (rehearsal.client, rehearsal.address) == who:
                return True
            raise self._refusal(request, "in use")
        await _write(session, push_bound_to=request.fingerprint)
        await Rehearsal.filter(id=rehearsal.id).update(client=who[0], address=who[1], published_at=now)
        return True

    def _refusal(self, request: PublishRequest, reason: str) -> PublishRefused:
        log.warning("publish refused: %s (stream %s…)", reason, request.stream[:6])
        return PublishRefused()

    async def note_done(self, stream: str, client: str) -> None:
        """The media server says that a connection has stopped publishing. Late and repeated calls change
        nothing.
        """
        found = await row(
            "SELECT p.id, s.number FROM live_stream_publish p JOIN live_session s ON s.id = p.session_id"
            " WHERE s.stream = $1 AND p.client = $2 AND p.ended_at IS NULL",
            stream,
            client,
        )
        if found:
            await self._close(found["id"], found["number"])
        await execute(
            "UPDATE live_rehearsal r SET client = NULL FROM live_session s"
            " WHERE s.id = r.session_id AND s.stream = $1 AND r.client = $2",
            stream,
            client,
        )

    async def _close(self, publish_id: int, number: str) -> None:
        """End one publish; the session waits for its host."""
        now = self.clock()
        async with transaction():
            session = await lock_session(number)
            if not await execute(
                "UPDATE live_stream_publish SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL",
                publish_id,
                now,
            ):
                return
            if session.state is SessionState.LIVE:
                await change_state(session, SessionState.INTERRUPTED, now, interrupted_at=now)
        await ring_after_commit(self.bell, number)

    async def reconcile(self, published: list[PublishedStream], asked_at: datetime) -> list[str]:
        """Repair what lost callbacks left behind; answers the streams that nobody may be publishing.

        ``asked_at`` is the moment before the media server was asked: younger publishes are left alone.
        """
        on_air = {(stream.name, stream.client) for stream in published}
        known = await rows(
            "SELECT p.id, p.client, p.started_at, s.stream, s.number, s.state FROM live_stream_publish p"
            " JOIN live_session s ON s.id = p.session_id WHERE p.ended_at IS NULL"
        )
        for publish in known:
            absent = (publish["stream"], publish["client"]) not in on_air
            if absent and publish["started_at"] < asked_at - SETTLING:
                await self._close(publish["id"], publish["number"])
        allowed = {
            (p["stream"], p["client"])
            for p in known
            if p["state"] in (SessionState.LIVE.value, SessionState.INTERRUPTED.value)
        }
        return sorted({name for name, client in on_air - allowed - await self._rehearsing(on_air, asked_at)})

    async def _rehearsing(self, on_air: set[tuple[str, str]], asked_at: datetime) -> set[tuple[str, str]]:
        """Who may publish for a rehearsal; one that is gone without a word is forgotten."""
        known = await rows(
            "SELECT r.id, r.client, r.published_at, s.stream FROM live_rehearsal r"
            " JOIN live_session s ON s.id = r.session_id WHERE r.client IS NOT NULL AND s.state = 'ready'"
        )
        for each in known:
            if (each["stream"], each["client"]) not in on_air and each["published_at"] < asked_at - SETTLING:
                await execute(
                    "UPDATE live_rehearsal SET client = NULL WHERE id = $1 AND client = $2", each["id"], each["client"]
                )
        return {(each["stream"], each["client"]) for each in known}

    async def sessions_out_of_grace(self) -> list[tuple[str, datetime]]:
        """Interrupted sessions whose host did not come back in time, and since when."""
        found = await rows(
            "SELECT number, interrupted_at FROM live_session WHERE state = 'interrupted' AND interrupted_at < $1",
            self.clock() - self.grace,
        )
        return [(session["number"], session["interrupted_at"]) for session in found]


async def media_offset_ms(session_id: int, moment: datetime) -> int:
    """How much picture the session had at ``moment``: the time on air of all its publishes together."""
    total = await scalar(
        "SELECT coalesce(sum(extract(epoch FROM least(coalesce(ended_at, $2), $2) - started_at)), 0)"
        " FROM live_stream_publish WHERE session_id = $1 AND started_at < $2",
        session_id,
        moment,
    )
    return int(total * 1000)


def _not_ready(obstacles: list[str]) -> SessionNotReady:
    return SessionNotReady(obstacles=obstacles, products=[], reasons=reasons_as_facts(obstacles))
