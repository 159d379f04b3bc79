"""A crowded session is handed on to the cloud, and who comes after that is sent there.

The county's line carries some forty viewers. At three quarters of them the supervisor begins to hand the stream on,
once, to the cloud's push address; when the cloud has said that it has it, viewers above the limit get the cloud's
addresses. The stream still comes in here: keys, bans, measures and the recording that is the evidence do not change.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from kit.clock import Clock, utc_now
from kit.database import execute, rows, scalar, transaction
from live.media.leased import Key, LeasedTasks
from live.media.models import CloudRecording
from live.media.playback import OWN_VIEWERS
from live.media.supervision import Lease
from live.ports import CloudEvent, CloudLive, RelayOut
from live.queries import PRESENCE_SECONDS

PUSH_LIFETIME = timedelta(hours=12)
FORBIDDEN_FOR = timedelta(days=7)
BEGIN_AT = 0.75
"""Of the viewers that the own line carries: the cloud needs some seconds before it can show anything."""
COMPARE_S = 10.0
LISTED_AFTER = timedelta(seconds=30)
"""So long a push that was told may be missing in the cloud's list."""


async def cloud_has(session_id: int) -> bool:
    """Whether the cloud receives this session now, by its own word."""
    return bool(
        await scalar(
            "SELECT 1 FROM live_cloud_copy WHERE session_id = $1 AND begun_at IS NOT NULL AND ended_at IS NULL"
            " AND forbidden_at IS NULL",
            session_id,
        )
    )


@dataclass(frozen=True)
class CloudNotices:
    """What the cloud tells us. ``cloud`` is None where the county has none."""

    cloud: CloudLive | None
    clock: Clock = utc_now

    async def hear(self, body: bytes) -> None:
        """Take a notice in, once; one about a stream that we do not know changes nothing.

        Raises ``NotPermitted`` for one that is forged or too old.
        """
        event = self.cloud.read_event(body) if self.cloud is not None else None
        if event is None:
            return
        async with transaction():
            session_id = await scalar("SELECT id FROM live_session WHERE stream = $1", event.stream)
            if session_id is None:
                return
            is_new = await scalar(
                "INSERT INTO live_cloud_notice (key, received_at) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING"
                " RETURNING id",
                f"{event.kind}:{event.stream}:{event.key}",
                self.clock(),
            )
            if is_new is not None:
                await _take(session_id, event)


async def _take(session_id: int, event: CloudEvent) -> None:
    """An end counts for the push that it names; a beginning counts when it is the newest."""
    if event.file is not None:
        file = event.file
        await CloudRecording.create(
            session_id=session_id, file_id=file.file_id, url=file.url, size_bytes=file.size_bytes,
            duration_s=file.duration_s, begun_at=file.begun_at, ended_at=file.ended_at,
        )  # fmt: skip
    elif event.kind == "begun":
        await execute(
            "UPDATE live_cloud_copy SET push_key = $2, begun_at = $3, ended_at = NULL"
            " WHERE session_id = $1 AND (begun_at IS NULL OR begun_at <= $3)",
            session_id,
            event.key,
            event.at,
        )
    else:
        await execute(
            "UPDATE live_cloud_copy SET ended_at = $3 WHERE session_id = $1 AND push_key = $2",
            session_id,
            event.key,
            event.at,
        )


@dataclass
class CloudCopies:
    """Hands crowded sessions on while the supervisor's lease is held."""

    lease: Lease
    out: RelayOut
    cloud: CloudLive | None
    own_viewers: int = OWN_VIEWERS
    clock: Clock = utc_now
    _compared: float = field(default=0)

    def __post_init__(self) -> None:
        self._pushes = LeasedTasks(self.lease)

    async def look(self) -> None:
        """Begin and end pushes, forbid what was banned, and repair what lost notices left. Raises ``Unavailable``."""
        if self.cloud is None or not await self._pushes.may_run():
            return
        await self._want()
        on_air = await rows(
            "SELECT s.stream, p.generation FROM live_cloud_copy c JOIN live_session s ON s.id = c.session_id"
            " JOIN live_stream_publish p ON p.session_id = s.id"
            " WHERE s.state = 'live' AND p.ended_at IS NULL AND c.forbidden_at IS NULL"
        )
        keys: list[Key] = [(each["stream"], each["generation"]) for each in on_air]
        await self._pushes.follow({key: partial(self._push, self.cloud, key[0]) for key in keys})
        await self._forbid(self.cloud)
        now_s = self.clock().timestamp()
        if now_s - self._compared >= COMPARE_S:
            self._compared = now_s
            await self._compare(self.cloud)

    async def stop(self) -> None:
        """End every push."""
        await self._pushes.stop()

    async def _push(self, cloud: CloudLive, stream: str) -> None:
        await self.out.push(stream, cloud.push_address(stream, self.clock() + PUSH_LIFETIME))

    async def _want(self) -> None:
        """Sessions on air that are nearly as crowded as the line allows."""
        await execute(
            "INSERT INTO live_cloud_copy (session_id, wanted_at) SELECT s.id, $1::timestamptz FROM live_session s"
            " WHERE s.state = 'live' AND (SELECT coalesce(sum(p.viewers), 0) FROM live_room_presence p"
            f"  WHERE p.session_id = s.id AND p.seen_at > now() - interval '{PRESENCE_SECONDS} seconds') >= $2::bigint"
            " ON CONFLICT (session_id) DO NOTHING",
            self.clock(),
            int(self.own_viewers * BEGIN_AT),
        )

    async def _forbid(self, cloud: CloudLive) -> None:
        """What an officer has cut is cut there too, also for whoever has its push address."""
        banned = await rows(
            "SELECT c.id, s.stream FROM live_cloud_copy c JOIN live_session s ON s.id = c.session_id"
            " WHERE s.state = 'banned' AND c.forbidden_at IS NULL"
        )
        for each in banned:
            now = self.clock()
            await cloud.forbid(each["stream"], now + FORBIDDEN_FOR)
            await execute("UPDATE live_cloud_copy SET forbidden_at = $2 WHERE id = $1", each["id"], now)

    async def _compare(self, cloud: CloudLive) -> None:
        """What notices have not told: whether it is received there. What is, and not on air here, is dropped."""
        known = await rows(
            "SELECT c.id, c.begun_at, c.begun_at IS NOT NULL AND c.ended_at IS NULL AS is_there, s.stream,"
            " s.state IN ('live', 'interrupted') AS on_air FROM live_cloud_copy c JOIN live_session s"
            " ON s.id = c.session_id WHERE c.forbidden_at IS NULL"
            "  AND (s.state IN ('live', 'interrupted') OR c.begun_at IS NOT NULL AND c.ended_at IS NULL)"
        )
        if not known:
            return
        published, now = await cloud.published(), self.clock()
        for each in known:
            received = each["stream"] in published
            if received and not each["on_air"]:
                await cloud.drop_publisher(each["stream"])
            elif received and not each["is_there"]:
                await execute(
                    "UPDATE live_cloud_copy SET begun_at = $2, ended_at = NULL WHERE id = $1", each["id"], now
                )
            elif not received and each["is_there"] and each["begun_at"] < now - LISTED_AFTER:
                await execute("UPDATE live_cloud_copy SET ended_at = $2 WHERE id = $1", each["id"], now)
