"""Tables of the live room, and the table of what may follow what."""

from enum import StrEnum

from tortoise import fields
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from kit.models import Model


class SessionState(StrEnum):
    """Where a session stands."""

    SCHEDULED = "scheduled"
    READY = "ready"
    LIVE = "live"
    INTERRUPTED = "interrupted"
    ENDED = "ended"
    REPLAY_READY = "replay_ready"
    CANCELLED = "cancelled"
    BANNED = "banned"


TRANSITIONS: dict[SessionState, frozenset[SessionState]] = {
    SessionState.SCHEDULED: frozenset({SessionState.READY, SessionState.CANCELLED, SessionState.BANNED}),
    SessionState.READY: frozenset({SessionState.LIVE, SessionState.CANCELLED, SessionState.BANNED}),
    SessionState.LIVE: frozenset({SessionState.INTERRUPTED, SessionState.ENDED, SessionState.BANNED}),
    SessionState.INTERRUPTED: frozenset({SessionState.LIVE, SessionState.ENDED, SessionState.BANNED}),
    SessionState.ENDED: frozenset({SessionState.REPLAY_READY, SessionState.BANNED}),
    SessionState.REPLAY_READY: frozenset({SessionState.BANNED}),
    SessionState.CANCELLED: frozenset(),
    SessionState.BANNED: frozenset(),
}
"""Live reference 2, state machine. Ready: the gate has let it through (``live/readiness``). Replay ready: the kept
playlist is closed. Banned: an officer has cut it; it never comes back and nobody is shown its pictures.
"""

ON_AIR = frozenset({SessionState.LIVE, SessionState.INTERRUPTED})
OPEN = ON_AIR | {SessionState.SCHEDULED, SessionState.READY}


class LiveSession(Model):
    """One broadcast: planned, on air, kept. ``host`` and ``merchant`` are opaque references of other rooms.

    ``stream`` is the random name under which the media server knows it. ``push_nonce`` is the nonce of the
    one push key that counts, ``push_bound_to`` the first publisher who used it. ``epoch`` names this run of
    offsets and ``last_offset`` is the newest one, given out under this row's lock. ``shelf_version`` counts the changes
    of the shelf.
    """

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    title = fields.CharField(max_length=80)
    host = fields.CharField(max_length=64, db_index=True)
    merchant = fields.CharField(max_length=64)
    state = fields.CharEnumField(SessionState, max_length=16, default=SessionState.SCHEDULED)
    planned_at = fields.DatetimeField()
    stream = fields.CharField(max_length=26, unique=True)
    push_nonce = fields.CharField(max_length=26, null=True)
    push_expires_at = fields.DatetimeField(null=True)
    push_bound_to = fields.CharField(max_length=64, null=True)
    generation = fields.IntField(default=0)
    epoch = fields.CharField(max_length=26)
    last_offset = fields.BigIntField(default=0)
    shelf_version = fields.IntField(default=0)
    created_at = fields.DatetimeField()
    started_at = fields.DatetimeField(null=True)
    interrupted_at = fields.DatetimeField(null=True)
    ended_at = fields.DatetimeField(null=True)
    chat_forgotten_at = fields.DatetimeField(null=True)
    replay_ready_at = fields.DatetimeField(null=True)

    class Meta:
        table = "live_session"
        indexes = (Index(fields=("state", "planned_at")),)

    def may_become(self, state: SessionState) -> bool:
        """Whether the table allows the step."""
        return state in TRANSITIONS[self.state]


class StreamPublish(Model):
    """One connection of the host's encoder that was let in. ``client`` is the media server's number of it."""

    id = fields.BigIntField(primary_key=True)
    session: fields.ForeignKeyRelation[LiveSession] = fields.ForeignKeyField(
        "longchuan.LiveSession", related_name=False, on_delete=OnDelete.RESTRICT
    )
    generation = fields.IntField()
    client = fields.CharField(max_length=32)
    address = fields.CharField(max_length=64)
    started_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "live_stream_publish"
        unique_together = (("session_id", "generation"),)
        constraints = (
            UniqueConstraint(fields=("session_id",), name="live_one_publisher", condition="ended_at IS NULL"),
        )


class ShelfItem(Model):
    """A SKU that the session offers, by its code. One that is ``hidden`` keeps its place and has no card."""

    id = fields.BigIntField(primary_key=True)
    session: fields.ForeignKeyRelation[LiveSession] = fields.ForeignKeyField(
        "longchuan.LiveSession", related_name=False, on_delete=OnDelete.RESTRICT
    )
    code = fields.CharField(max_length=64)
    position = fields.IntField()
    hidden = fields.BooleanField(default=False)

    class Meta:
        table = "live_shelf_item"
        unique_together = (("session_id", "code"),)


class Pin(Model):
    """A product while the host explained it (讲解中). Offsets count in the replay; they are its chapters.

    ``title`` and ``price_fen`` are as they were: history does not move.
    """

    id = fields.BigIntField(primary_key=True)
    session: fields.ForeignKeyRelation[LiveSession] = fields.ForeignKeyField(
        "longchuan.LiveSession", related_name=False, on_delete=OnDelete.RESTRICT
    )
    code = fields.CharField(max_length=64)
    title = fields.CharField(max_length=120)
    price_fen = fields.BigIntField()
    pinned_at = fields.DatetimeField()
    unpinned_at = fields.DatetimeField(null=True)
    offset_ms = fields.BigIntField()
    end_offset_ms = fields.BigIntField(null=True)

    class Meta:
        table = "live_pin"
        constraints = (
            UniqueConstraint(fields=("session_id",), name="live_one_pin", condition="unpinned_at IS NULL"),
            CheckConstraint(check="price_fen > 0", name="live_pin_priced"),
        )


class FeedMessage(Model):
    """One durable event of a room. ``author`` is the opaque caller of a chat message, ``client_key`` its
    own number.
    """

    id = fields.BigIntField(primary_key=True)
    session: fields.ForeignKeyRelation[LiveSession] = fields.ForeignKeyField(
        "longchuan.LiveSession", related_name=False, on_delete=OnDelete.RESTRICT
    )
    offset = fields.BigIntField()
    kind = fields.CharField(max_length=16)
    payload: fields.Field[dict[str, object]] = fields.JSONField()
    author = fields.CharField(max_length=120, null=True)
    client_key = fields.CharField(max_length=64, null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "live_feed_message"
        unique_together = (("session_id", "offset"), ("session_id", "author", "client_key"))
        indexes = (Index(fields=("session_id", "author", "created_at")),)


class RoomPresence(Model):
    """How many sockets one process holds for a session. Rows that are not renewed do not count."""

    id = fields.BigIntField(primary_key=True)
    session: fields.ForeignKeyRelation[LiveSession] = fields.ForeignKeyField(
        "longchuan.LiveSession", related_name=False, on_delete=OnDelete.RESTRICT
    )
    process = fields.CharField(max_length=26)
    viewers = fields.IntField()
    seen_at = fields.DatetimeField()

    class Meta:
        table = "live_room_presence"
        unique_together = (("session_id", "process"),)


class LiveLease(Model):
    """The right to be the one supervisor. ``generation`` grows with every new holder and fences off the old
    one.
    """

    name = fields.CharField(max_length=40, primary_key=True)
    holder = fields.CharField(max_length=26)
    generation = fields.BigIntField()
    expires_at = fields.DatetimeField()

    class Meta:
        table = "live_lease"


class ArchiveState(StrEnum):
    """Where the making of the file stands."""

    WAITING = "waiting"
    MAKING = "making"
    MADE = "made"
    FAILED = "failed"


class LiveRecording(Model):
    """The kept pictures of an ended session and the file that is made of them."""

    id = fields.BigIntField(primary_key=True)
    session: fields.OneToOneRelation[LiveSession] = fields.OneToOneField(
        "longchuan.LiveSession", related_name=False, on_delete=OnDelete.RESTRICT
    )
    duration_ms = fields.BigIntField()
    segments = fields.IntField()
    picture_bytes = fields.BigIntField(null=True)
    archive_state = fields.CharEnumField(ArchiveState, max_length=12, default=ArchiveState.WAITING)
    attempts = fields.IntField(default=0)
    next_attempt_at = fields.DatetimeField()
    file_bytes = fields.BigIntField(null=True)
    sha256 = fields.CharField(max_length=64, null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "live_recording"
