"""What a failing database looks like from outside."""

import asyncpg
import asyncpg.exceptions as pg
import pytest
from asyncpg.exceptions import InterfaceError
from tortoise.exceptions import OperationalError

from kit.errors import NotFound, Unavailable
from server.problems import Busy, _as_domain_error


def wrapped(cause: BaseException) -> BaseException:
    """As Tortoise hands it on."""
    try:
        raise OperationalError(cause) from cause
    except OperationalError as error:
        return error


@pytest.mark.parametrize(
    "cause",
    [
        pg.CannotConnectNowError("the database system is starting up"),
        pg.AdminShutdownError("terminating connection due to administrator command"),
        pg.CrashShutdownError("terminating connection because of crash"),
        pg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
        pg.TooManyConnectionsError("sorry, too many clients already"),
        pg.DiskFullError("no space left on device"),
        pg.QueryCanceledError("canceling statement due to statement timeout"),
        pg.ReadOnlySQLTransactionError("cannot execute INSERT in a read-only transaction"),
        InterfaceError("connection is closed"),
        ConnectionRefusedError(),
        TimeoutError(),
    ],
    ids=lambda cause: type(cause).__name__,
)
def test_a_database_that_is_away_is_503(cause: BaseException) -> None:
    assert isinstance(_as_domain_error(cause), Unavailable)
    assert isinstance(_as_domain_error(wrapped(cause)), Unavailable)


@pytest.mark.parametrize(
    "cause",
    [
        pg.LockNotAvailableError("lock timeout"),
        pg.DeadlockDetectedError("deadlock"),
        pg.SerializationError("serialize"),
    ],
    ids=lambda cause: type(cause).__name__,
)
def test_rows_that_others_hold_are_409_and_may_be_tried_again(cause: BaseException) -> None:
    assert isinstance(_as_domain_error(wrapped(cause)), Busy)


@pytest.mark.parametrize(
    "cause",
    [
        pg.UniqueViolationError("duplicate key"),
        pg.UndefinedColumnError("no such column"),
        asyncpg.DataError("invalid input for query argument $1"),
        FileNotFoundError("a file of ours"),
        KeyError("x"),
    ],
    ids=lambda cause: type(cause).__name__,
)
def test_a_fault_of_ours_is_never_dressed_up(cause: BaseException) -> None:
    assert _as_domain_error(cause) is None


def test_a_refusal_stays_what_it_is() -> None:
    assert isinstance(_as_domain_error(NotFound()), NotFound)
