"""The record of who read personal data."""

import asyncpg
import pytest
from tortoise.exceptions import OperationalError

from accounts.actors import PovertyOfficer
from accounts.errors import PurposeMissing
from accounts.queries import access_records
from accounts.service import AccessLogs
from kit.database import execute
from tests.superuser import as_superuser

pytestmark = pytest.mark.asyncio

READER = PovertyOfficer(caller="staff:U1", id=1, number="U1", name="示例人员")


async def test_a_read_is_recorded_with_purpose_and_fields(database: str) -> None:
    logs = AccessLogs()
    for n in range(3):
        await logs.record(READER, "入户核查", f"household:示例{n}", ["name", "phone"])
    records, cursor = await access_records(None, None, 2)
    assert [r.subject for r in records] == ["household:示例2", "household:示例1"]
    rest, end = await access_records(None, cursor, 2)
    assert [r.subject for r in rest] == ["household:示例0"]
    assert end is None
    (only,), _ = await access_records("household:示例1", None, 20)
    assert (only.actor, only.acting_as, only.purpose) == ("staff:U1", "PovertyOfficer", "入户核查")
    assert only.fields_read == ["name", "phone"]


async def test_without_a_purpose_there_is_no_record(database: str) -> None:
    with pytest.raises(PurposeMissing):
        await AccessLogs().record(READER, "  ", "household:示例1", ["name"])


@pytest.mark.parametrize(
    "tampering", ["UPDATE access_log SET actor = 'x'", "DELETE FROM access_log", "TRUNCATE access_log"]
)
async def test_the_record_only_grows(database: str, tampering: str) -> None:
    await AccessLogs().record(READER, "入户核查", "household:示例1", ["name"])
    with pytest.raises(OperationalError, match=r"append-only|permission denied|must be owner"):
        await execute(tampering)
    with pytest.raises(asyncpg.PostgresError, match="append-only"):  # by a role that has every right
        await as_superuser(tampering)
    assert len((await access_records(None, None, 20))[0]) == 1
