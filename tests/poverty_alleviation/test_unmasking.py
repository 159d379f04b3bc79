"""What of a household is shown in clear text: to whom, for what, how often, and never without its record."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from accounts.actors import Auditor, CountyOfficer, MerchantClerk, PovertyOfficer
from accounts.errors import TooManyViews
from accounts.roles import Role
from accounts.service import AccessLogs
from kit.actors import Actor
from kit.database import rows, scalar, transaction
from poverty_alleviation.errors import HouseholdUnknown, ViewNotPermitted
from poverty_alleviation.households import Households, Identity
from poverty_alleviation.unmasking import EVERYTHING, MAY_SEE, Viewing, ViewingPurpose, noted_view
from tests.poverty_alleviation.conftest import OFFICER, County
from tests.poverty_alleviation.test_doors import CHECK, Console, console
from tests.products.shelf import TOWNSHIP, VILLAGE
from tests.superuser import as_superuser

__all__ = ["console"]

ACTOR = PovertyOfficer(caller=OFFICER, id=1, number="office", name="示例干部")
SOMEBODY = Identity(name="示例王五", id_number="999999197001010017", phone="10000000042")
VISIT = Viewing(ViewingPurpose.VISIT, "示例走访 1 号")


async def entered(county: County) -> str:
    return await county.registry.enter(SOMEBODY, TOWNSHIP, VILLAGE, OFFICER)


async def test_a_purpose_opens_its_fields_and_no_other(county: County) -> None:
    code = await entered(county)
    opened = {}
    for purpose in ViewingPurpose:
        if not MAY_SEE[PovertyOfficer, purpose] & EVERYTHING:
            with pytest.raises(ViewNotPermitted):
                await county.registry.identity(ACTOR, code, Viewing(purpose, "示例 1 号"))
            continue
        found = await county.registry.identity(ACTOR, code, Viewing(purpose, "示例 1 号"))
        opened[purpose] = {name for name in ("name", "id_number", "phone") if getattr(found, name) is not None}
        (noted,) = await rows("SELECT fields_read FROM access_log ORDER BY id DESC LIMIT 1")
        assert all(name in noted["fields_read"] for name in opened[purpose])
        assert opened[purpose] == MAY_SEE[PovertyOfficer, purpose] & {"name", "id_number", "phone"}
    assert opened[ViewingPurpose.VISIT] == {"name", "phone"}
    assert opened[ViewingPurpose.IDENTITY_CHECK] == {"name", "id_number"}


async def test_whoever_is_not_in_the_table_sees_nothing(county: County) -> None:
    others: list[Actor] = [
        Auditor(caller="staff:A", id=2, number="A", name="示例"),
        CountyOfficer(caller="staff:C", id=3, number="C", name="示例"),
        MerchantClerk(caller="staff:M", id=4, number="M", name="示例", merchant="M1"),
    ]
    for actor in others:
        for purpose in ViewingPurpose:
            with pytest.raises(ViewNotPermitted):
                await noted_view(AccessLogs(), actor, Viewing(purpose, "示例"), "household:x", ("name", "health"))
    with pytest.raises(ViewNotPermitted):  # an account is no matter of a visit
        await noted_view(AccessLogs(), ACTOR, VISIT, "household:x", ("account_number",))
    assert await scalar("SELECT count(*) FROM access_log") == 0


async def test_what_does_not_exist_leaves_no_record_and_counts_for_nothing(county: County) -> None:
    for _ in range(3):
        with pytest.raises(HouseholdUnknown):
            await county.registry.identity(ACTOR, "nobody", VISIT)
    assert await scalar("SELECT count(*) FROM access_log") == 0


def limited(county: County, most: int) -> Households:
    return Households(county.registry.cipher, AccessLogs(county.clock, most), county.clock)


async def test_so_many_looks_an_hour_then_none_and_an_alarm(county: County) -> None:
    """Attack 63. Fails when the looks are not counted: tried."""
    code, register = await entered(county), limited(county, 3)
    for _ in range(3):
        assert (await register.identity(ACTOR, code, VISIT)).name == SOMEBODY.name
    (alarm,) = await rows("SELECT actor, views FROM access_alarm")
    assert alarm == {"actor": OFFICER, "views": 3}
    for _ in range(2):
        with pytest.raises(TooManyViews):
            await register.identity(ACTOR, code, VISIT)
    other = PovertyOfficer(caller="staff:other", id=2, number="other", name="示例")
    assert (await register.identity(other, code, VISIT)).name == SOMEBODY.name, "another account is not blocked"
    county.now += timedelta(hours=1, seconds=1)
    assert (await register.identity(ACTOR, code, VISIT)).name == SOMEBODY.name
    assert await scalar("SELECT count(*) FROM access_alarm") == 1


async def test_many_looks_at_once_are_counted_one_after_the_other(county: County) -> None:
    """Fails when the database does not lock the account's chain: tried."""
    code, register = await entered(county), limited(county, 5)

    async def look() -> bool:
        try:
            return (await register.identity(ACTOR, code, VISIT)).name == SOMEBODY.name
        except TooManyViews:
            return False

    assert sum(await asyncio.gather(*(look() for _ in range(12)))) == 5
    assert await scalar("SELECT count(*) FROM access_log") == 5


async def test_reads_that_mask_nothing_are_not_counted(county: County) -> None:
    logs = AccessLogs(county.clock, 1)
    for _ in range(3):
        await logs.record(ACTOR, "fulfilment", "order:1", ["delivery"])
    async with transaction():
        await noted_view(logs, ACTOR, VISIT, "household:x", ("name",))


BREAK = (
    "CREATE FUNCTION no_log() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'disk full'; END $$;"
    "CREATE TRIGGER no_log BEFORE INSERT ON access_log FOR EACH ROW EXECUTE FUNCTION no_log()"
)


async def test_when_the_log_cannot_be_written_nothing_is_shown(county: County, console: Console) -> None:
    """Attack 67, on every route that unmasks. Fails when an error of the record is swallowed: tried."""
    code = await entered(county)
    member = {
        "name": "示例长子",
        "relation": "child",
        "birth_year": 1990,
        "valid_from": "2020-01-01",
        "document": "示例",
    }
    at = f"/poverty/households/{code}"
    made = (await console.ask(Role.POVERTY_OFFICER, "POST", f"{at}/members", member)).json()["code"]
    card = {"bank": "示例银行", "number": "6200000000000123", "holder_relation": "child", "member": made}
    dated = {"valid_from": "2020-01-01", "document": "示例"}
    account = (await console.ask(Role.POVERTY_OFFICER, "POST", f"{at}/accounts", card | dated)).json()["code"]
    views = {
        f"{at}/identity-views": CHECK,
        f"{at}/members/{made}/identity-views": CHECK,
        f"{at}/accounts/{account}/number-views": {"purpose": "payout", "document": "示例"},
    }

    async def looked() -> list[httpx.Response]:
        return [await console.ask(Role.POVERTY_OFFICER, "POST", path, why) for path, why in views.items()]

    assert [each.status_code for each in await looked()] == [200, 200, 200]
    await as_superuser(BREAK)
    for answer in await looked():
        assert answer.status_code >= 500
        for secret in ("示例王五", "示例长子", "999999197001010017", "6200000000000123"):
            assert secret not in answer.text
