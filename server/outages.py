"""Whether an error means that something outside is away, so that the same work may succeed in a moment.

The one judgement of all processes: an outage is a warning of one line and another try, a fault is an error with its
traceback. What PostgreSQL says is told by its SQLSTATE.
"""

from collections.abc import Iterator

from asyncpg.exceptions import InterfaceError, InternalClientError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from tortoise.exceptions import DBConnectionError

from kit.errors import Unavailable

# Lock not available, serialisation failure, deadlock.
_BUSY = ("55P03", "40001", "40P01")
# Connection lost, resources exhausted, shut down or starting up, cancelled by the statement timeout, read-only standby.
_AWAY = ("08", "53", "57", "25006")
# InternalClientError: a pooled connection that has read PostgreSQL's last words and not yet seen its line cut.
_LOST_LINE = (
    InterfaceError,
    InternalClientError,
    DBConnectionError,
    ConnectionError,
    TimeoutError,
    RedisConnectionError,
    RedisTimeoutError,
)


def causes(error: BaseException) -> Iterator[BaseException]:
    """The error, what caused it, what caused that, outermost first."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)


def is_busy(error: BaseException) -> bool:
    """Whether this error, its causes left out, says that another transaction was in the way."""
    return _sqlstate(error) in _BUSY


def is_away(error: BaseException) -> bool:
    """Whether this error, its causes left out, says that a server is away or a line to it was lost."""
    if isinstance(error, Unavailable) or _sqlstate(error).startswith(_AWAY):
        return True
    return isinstance(error, _LOST_LINE) and not isinstance(error, ValueError)


def is_outage(error: BaseException) -> bool:
    """Whether the error or anything that caused it is no fault of ours and will pass."""
    return any(is_busy(cause) or is_away(cause) for cause in causes(error))


def in_one_line(error: BaseException) -> str:
    """What to log of an outage: kind and first line, without the row that PostgreSQL may quote below it."""
    return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"[:300]


def _sqlstate(error: BaseException) -> str:
    return str(getattr(error, "sqlstate", "") or "")
