"""Members and accounts of households are sealed and dated; of minors the year of birth alone is kept."""

from datetime import date
from typing import Any

import asyncpg
import msgspec
import pytest
from tortoise.exceptions import BaseORMException

from accounts.actors import PovertyOfficer
from accounts.roles import Role
from accounts.service import AccessLogs
from kit.database import execute, row, rows, scalar
from kit.errors import DomainError
from poverty_alleviation.errors import HouseholdUnknown, IdentityNumberInvalid, VillageUnknown
from poverty_alleviation.households import Identity
from poverty_alleviation.identity_numbers import check_character
from poverty_alleviation.register.accounts import AccountDraft, BankAccounts
from poverty_alleviation.register.errors import (
    AccountInvalid,
    AccountRegistered,
    AccountUnknown,
    LabelExists,
    LabelSpanInvalid,
    LabelUnknown,
    MemberInvalid,
    MemberRegistered,
    MemberUnknown,
)
from poverty_alleviation.register.labels import Label, RegisterLabels, labels
from poverty_alleviation.register.members import MemberDraft, Members, is_minor_on
from poverty_alleviation.register.models import LabelKind, Relation, Sex
from poverty_alleviation.register.years import YearDraft, Years, years
from poverty_alleviation.unmasking import Viewing, ViewingPurpose
from poverty_alleviation.vault import household_rights
from tests.poverty_alleviation.conftest import OFFICER, County
from tests.poverty_alleviation.test_doors import Console, console
from tests.products.shelf import TOWNSHIP, VILLAGE
from tests.superuser import as_superuser

__all__ = ["console"]

ACTOR = PovertyOfficer(caller=OFFICER, id=1, number="office", name="示例干部")
OWN_REQUEST = Viewing(ViewingPurpose.OWN_REQUEST, "示例申请 1 号")
TO_PAY = Viewing(ViewingPurpose.PAYOUT, "示例回单 1 号")
SINCE = date(2020, 1, 1)
PAPER = "示例文件 8 号"
CARD = "6200000000000123"


def number_of(born: str, serial: int = 1) -> str:
    body = f"999999{born}{serial:03d}"
    return body + check_character(body)


SON = MemberDraft(
    name="示例长子", id_number=number_of("19900101"), phone="10000000051", relation=Relation.CHILD, sex=Sex.MALE,
    ethnic_group="景颇族", skill="普通劳动力", health="健康",
)  # fmt: skip


def members(county: County) -> Members:
    return Members(county.registry.cipher, AccessLogs(county.clock), county.clock)


def accounts(county: County) -> BankAccounts:
    return BankAccounts(county.registry.cipher, AccessLogs(county.clock), county.clock)


async def enter(county: County, draft: MemberDraft = SON, household: str = "示例H1", since: date = SINCE) -> str:
    return await members(county).enter(household, draft, since, PAPER, OFFICER)


def card_of(member: str | None = None, **changes: Any) -> AccountDraft:
    said = {"bank": "示例银行", "number": CARD, "holder_relation": Relation.CHILD, "member": member} | changes
    return AccountDraft(**said)


async def test_nothing_that_names_a_member_is_readable_in_the_database(county: County) -> None:
    code = await enter(county)
    account = await accounts(county).enter("示例H1", card_of(holder_name="示例亲属"), SINCE, PAPER, OFFICER)
    async with household_rights():
        stored = await row("SELECT * FROM household_member WHERE code = $1", code)
        kept = await row("SELECT * FROM household_account WHERE code = $1", account)
    assert stored is not None
    assert kept is not None
    values = [*stored.values(), *kept.values()]
    dump = b"".join(value if isinstance(value, bytes) else str(value).encode() for value in values)
    for secret in ("示例长子", SON.id_number, SON.phone, "健康", CARD, "示例亲属"):
        assert str(secret).encode() not in dump
    (shown,) = await members(county).cards("示例H1")
    assert (shown.name_masked, shown.phone_masked, shown.birth_year) == ("示***", "100****0051", 1990)
    (card,) = await accounts(county).cards("示例H1")
    assert (card.number_masked, card.holder_masked) == ("620*********0123", "示***")
    assert await rows("SELECT 1 FROM access_log") == []


async def test_of_a_minor_the_year_of_birth_alone_is_kept(county: County) -> None:
    """Fails without the refusal in ``Members.enter``, and without the table's check: tried."""
    child = number_of("20150601")
    others: tuple[dict[str, Any], ...] = (
        {"name": "示例孩子"},
        {"id_number": child},
        {"relation": Relation.CHILD},
        {"schooling": "小学"},
    )
    for more in others:
        with pytest.raises(MemberInvalid) as refused:
            await enter(county, MemberDraft(birth_year=2015, **more))
        assert refused.value.facts == {"reason": "minor"}
    for _ in range(2):  # two children of one year are two
        await enter(county, MemberDraft(birth_year=2015))
    assert [(m.is_minor, m.birth_year, m.name_masked) for m in await members(county).cards("示例H1")] == [
        (True, 2015, None)
    ] * 2
    with pytest.raises(asyncpg.CheckViolationError, match="household_member_minor"):
        await as_superuser(
            "INSERT INTO household_member (code, household_id, is_minor, birth_year, sex, ethnic_group, education,"
            " schooling, skill, valid_from, document, recorded_by, recorded_at) SELECT 'x', id, true, 2015, 'male', '',"
            " '', '', '', '2020-01-01', 'x', 'x', now() FROM household LIMIT 1"
        )


@pytest.mark.parametrize(
    ("day", "birthday", "minor"),
    [
        (date(2026, 11, 23), date(2008, 11, 24), True),
        (date(2026, 11, 23), date(2008, 11, 23), False),
        (date(2026, 3, 1), date(2008, 2, 29), False),
        (date(2026, 2, 28), date(2008, 2, 29), True),
        (date(2026, 11, 23), None, True),
        (date(2027, 1, 1), None, False),
    ],
)
def test_whose_birthday_is_unknown_is_a_minor_as_long_as_that_can_be(
    day: date, birthday: date | None, minor: bool
) -> None:
    assert is_minor_on(day, 2008, birthday) is minor


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"name": None}, MemberInvalid),
        ({"name": "  "}, MemberInvalid),
        ({"relation": None}, MemberInvalid),
        ({"birth_year": 1991}, MemberInvalid),
        ({"id_number": None}, MemberInvalid),
        ({"id_number": None, "birth_year": 1890}, MemberInvalid),
        ({"id_number": None, "birth_year": 2030}, MemberInvalid),
        ({"id_number": "999999199001010010"}, IdentityNumberInvalid),
    ],
)
async def test_a_member_that_cannot_be_is_refused_unquoted(
    county: County, changes: dict[str, Any], refusal: type[DomainError]
) -> None:
    with pytest.raises(refusal) as refused:
        await enter(county, msgspec.structs.replace(SON, **changes))
    assert "示例长子" not in str(refused.value)
    assert "99999919900101001" not in str(refused.value)
    assert await members(county).cards("示例H1") == []


async def test_a_person_belongs_to_one_household_at_a_time_whichever_paper_says_so(county: County) -> None:
    code = await enter(county)
    for number in (SON.id_number, f"{SON.id_number}42", f" {SON.id_number} "):
        for household in ("示例H1", "示例H2"):
            with pytest.raises(MemberRegistered):
                await enter(county, msgspec.structs.replace(SON, id_number=number), household)
    await members(county).end("示例H1", code, date(2022, 1, 1), OFFICER)
    with pytest.raises(MemberUnknown):
        await members(county).end("示例H1", code, date(2023, 1, 1), OFFICER)
    await enter(county, SON, "示例H2", date(2022, 1, 1))
    with pytest.raises(HouseholdUnknown):
        await enter(county, msgspec.structs.replace(SON, id_number=None, birth_year=1970), "示例H9")


async def test_a_household_has_one_head_and_it_is_the_one_it_is_entered_under(county: County) -> None:
    house = Identity(name="示例户主", id_number=number_of("19700101"))
    code = await county.registry.enter(house, TOWNSHIP, VILLAGE, OFFICER)
    head = MemberDraft(name="示例户主", id_number=number_of("19700101") + "42", relation=Relation.HEAD)
    with pytest.raises(MemberInvalid) as refused:
        await enter(county, msgspec.structs.replace(SON, relation=Relation.HEAD), code)
    assert refused.value.facts == {"reason": "head"}
    await enter(county, head, code)
    second = MemberDraft(name="示例某人", birth_year=1960, relation=Relation.HEAD)
    with pytest.raises(MemberRegistered):
        await enter(county, second, code)


async def test_who_moves_leaves_the_history_behind(county: County) -> None:
    move = members(county).move
    code = await enter(county)
    await move("示例H1", code, "示例H2", Relation.SIBLING, date(2024, 5, 1), PAPER, OFFICER)
    left, came = [(await members(county).cards(h))[0] for h in ("示例H1", "示例H2")]
    assert (left.valid_from, left.valid_until, left.relation) == (SINCE, date(2024, 5, 1), "child")
    assert (came.valid_from, came.valid_until, came.relation) == (date(2024, 5, 1), None, "sibling")
    found = await members(county).identity(ACTOR, "示例H2", code, OWN_REQUEST)
    assert (found.name, found.id_number, found.health) == (SON.name, SON.id_number, "健康")
    async with household_rights():
        ended = await row("SELECT ended_by, ended_at FROM household_member WHERE valid_until IS NOT NULL")
    assert ended == {"ended_by": OFFICER, "ended_at": county.now}
    for relation, day, refusal in (
        (Relation.HEAD, date(2025, 1, 1), MemberInvalid),
        (None, date(2025, 1, 1), MemberInvalid),
        (Relation.CHILD, date(2024, 5, 1), MemberUnknown),
    ):
        with pytest.raises(refusal):
            await move("示例H2", code, "示例H1", relation, day, PAPER, OFFICER)
    with pytest.raises(HouseholdUnknown):
        await move("示例H2", code, "示例H9", Relation.CHILD, date(2025, 1, 1), PAPER, OFFICER)
    assert (await members(county).cards("示例H2"))[0].valid_until is None, "all or nothing"


async def test_a_sons_card_is_no_strangers_as_long_as_he_belongs_to_the_household(county: County) -> None:
    """Domain reference 2.6. Fails without the member's span in ``is_own_account``: tried."""
    code = await enter(county)
    own = accounts(county).is_own_account
    assert not await own("示例H1", CARD, date(2026, 1, 1))
    await accounts(county).enter("示例H1", card_of(code), SINCE, PAPER, OFFICER)
    assert await own("示例H1", "6200 0000-0000 0123", date(2026, 1, 1))
    assert not await own("示例H1", CARD, date(2019, 12, 31))
    assert not await own("示例H2", CARD, date(2026, 1, 1))
    assert not await own("示例H1", "6200000000000124", date(2026, 1, 1))
    await members(county).move("示例H1", code, "示例H2", Relation.OTHER, date(2026, 3, 1), PAPER, OFFICER)
    assert [await own("示例H1", CARD, date(2026, m, d)) for m, d in ((2, 28), (3, 1))] == [True, False]


async def test_a_relatives_card_is_the_households_as_long_as_its_paper_holds(county: County) -> None:
    own = accounts(county).is_own_account
    account = await accounts(county).enter("示例H1", card_of(holder_name="示例亲属"), SINCE, PAPER, OFFICER)
    with pytest.raises(AccountRegistered):
        await accounts(county).enter("示例H1", card_of(holder_name="示例亲属"), date(2024, 1, 1), PAPER, OFFICER)
    await accounts(county).end("示例H1", account, date(2025, 1, 1), OFFICER)
    assert [await own("示例H1", CARD, date(y, 12, 31)) for y in (2024, 2025)] == [True, False]
    with pytest.raises(AccountUnknown):
        await accounts(county).end("示例H2", account, date(2025, 6, 1), OFFICER)
    await accounts(county).enter("示例H1", card_of(holder_name="示例亲属"), date(2025, 1, 1), PAPER, OFFICER)


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"number": "12345678901"}, AccountInvalid),
        ({"number": "62000000000001A3"}, AccountInvalid),
        ({"member": None}, AccountInvalid),
        ({"holder_name": "示例亲属"}, AccountInvalid),
        ({"holder_relation": Relation.SPOUSE}, AccountInvalid),
        ({"member": None, "holder_name": "示例亲属", "holder_relation": Relation.HEAD}, AccountInvalid),
        ({"member": "0123456789ABCDEFGHJKMNPQRS"}, MemberUnknown),  # pragma: allowlist secret
    ],
)
async def test_an_account_has_one_holder_who_is_what_the_register_says(
    county: County, changes: dict[str, Any], refusal: type[DomainError]
) -> None:
    draft = msgspec.structs.replace(card_of(await enter(county)), **changes)
    with pytest.raises(refusal) as refused:
        await accounts(county).enter("示例H1", draft, SINCE, PAPER, OFFICER)
    assert draft.number not in str(refused.value)


async def test_a_minor_holds_no_account(county: County) -> None:
    child = await enter(county, MemberDraft(birth_year=2015))
    with pytest.raises(MemberUnknown):
        await accounts(county).enter("示例H1", card_of(child), SINCE, PAPER, OFFICER)


async def test_an_unmasked_read_is_on_record_or_does_not_happen(county: County) -> None:
    code = await enter(county)
    account = await accounts(county).enter("示例H1", card_of(code), SINCE, PAPER, OFFICER)
    assert (await members(county).identity(ACTOR, "示例H1", code, OWN_REQUEST)).phone == SON.phone
    assert await accounts(county).number(ACTOR, "示例H1", account, TO_PAY) == CARD
    noted = await rows("SELECT subject, purpose FROM access_log ORDER BY id")
    assert noted == [
        {"subject": f"household:示例H1/{code}", "purpose": "own_request"},
        {"subject": f"household:示例H1/{account}", "purpose": "payout"},
    ]

    class Broken(AccessLogs):
        async def record(self, *_: object, **__: object) -> None:
            raise ConnectionError("the log is gone")

    cipher = county.registry.cipher
    with pytest.raises(ConnectionError):
        await Members(cipher, Broken()).identity(ACTOR, "示例H1", code, OWN_REQUEST)
    with pytest.raises(ConnectionError):
        await BankAccounts(cipher, Broken()).number(ACTOR, "示例H1", account, TO_PAY)
    with pytest.raises(AccountUnknown):
        await accounts(county).number(ACTOR, "示例H2", account, TO_PAY)
    with pytest.raises(MemberUnknown):
        await members(county).identity(ACTOR, "示例H2", code, OWN_REQUEST)


async def test_what_is_on_record_is_only_ended(county: County) -> None:
    await enter(county)
    await accounts(county).enter("示例H1", card_of(holder_name="示例亲属"), SINCE, PAPER, OFFICER)
    await Years(county.clock).record("示例H1", YearDraft(year=2026, persons=4), PAPER, OFFICER)
    for statement in (
        "UPDATE household_member SET birth_year = 1980",
        "UPDATE household_member SET valid_until = '2026-01-01'",
        "DELETE FROM household_member",
        "UPDATE household_account SET bank = 'x'",
        "DELETE FROM household_account",
        "UPDATE household_year SET persons = 5",
        "DELETE FROM household_year",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match=r"append-only|may only be ended"):
            await as_superuser(statement)
        with pytest.raises(BaseORMException, match=r"does not exist"):
            await execute(statement)


async def test_a_year_keeps_what_was_recorded_before(county: County) -> None:
    record = Years(county.clock).record
    await RegisterLabels(county.clock).enter_usual(OFFICER)
    drafts = [
        YearDraft(year=2025, persons=4, attribute="01", cause="illness", net_income_per_person_fen=1_200_000),
        YearDraft(year=2026, persons=4, attribute="01", exit_mark="exited"),
        YearDraft(year=2026, persons=5, attribute="04", monitored="unstable"),
    ]
    for draft in drafts:
        await record("示例H1", draft, PAPER, OFFICER)
    found = await years("示例H1")
    assert [(y.year, y.persons, y.holds) for y in found] == [(2026, 5, True), (2026, 4, False), (2025, 4, True)]
    with pytest.raises(LabelUnknown):
        await record("示例H1", YearDraft(year=2026, persons=4, attribute="02"), PAPER, OFFICER)
    with pytest.raises(HouseholdUnknown):
        await record("示例H9", drafts[0], PAPER, OFFICER)


async def test_offices_change_their_names_and_codes_stay(county: County) -> None:
    register = RegisterLabels(county.clock)
    await register.enter_usual(OFFICER)
    names = [
        [label.zh for label in await labels(day) if label.kind == LabelKind.OFFICE]
        for day in (date(2020, 12, 31), date(2021, 1, 1))
    ]
    assert names == [["扶贫办"], ["乡村振兴局"]]
    of_child = [each.zh for each in await labels(SINCE) if each.kind == "relation" and each.code == "child"]
    assert of_child[:2] == ["子女", "之子"]
    with pytest.raises(LabelExists):
        await register.enter(Label(LabelKind.RELATION, "parent", "之子", date(2024, 1, 1), None), "示例", OFFICER)
    for until in (date(2023, 12, 31), date(2024, 1, 1)):
        with pytest.raises(LabelSpanInvalid):
            await register.enter(Label(LabelKind.OFFICE, "other", "示例办", date(2024, 1, 1), until), "示例", OFFICER)


async def test_a_household_lives_in_a_village_that_is_known(county: County) -> None:
    for village in ("533124101999", "533124201901", "章凤村", TOWNSHIP):
        with pytest.raises(VillageUnknown):
            await county.registry.enter(Identity(name="示例"), TOWNSHIP, village, OFFICER)


async def test_the_auditor_reads_masked_and_nobody_else_reads(county: County, console: Console) -> None:
    at = "/poverty/households/示例H1"
    said = {"valid_from": "2020-01-01", "document": PAPER, "relation": "child"}
    son = said | {"name": SON.name, "id_number": SON.id_number, "phone": SON.phone}
    made = await console.ask(Role.POVERTY_OFFICER, "POST", f"{at}/members", son)
    assert list(made.json()) == ["code"], "what is kept under the key names nobody"
    card = {"bank": "示例银行", "number": CARD, "holder_relation": "child", "member": made.json()["code"]}
    kept = await console.ask(
        Role.POVERTY_OFFICER, "POST", f"{at}/accounts", card | {k: said[k] for k in list(said)[:2]}
    )
    assert list(kept.json()) == ["code"]
    of = (f"{at}/members", f"{at}/accounts", f"{at}/years", "/poverty/labels")
    for path in of:
        shown = await console.ask(Role.AUDITOR, "GET", path)
        assert shown.status_code == 200
        for secret in (SON.name, SON.id_number, SON.phone, CARD):
            assert str(secret) not in shown.text
    views = (f"{of[0]}/{made.json()['code']}/identity-views", f"{of[1]}/{kept.json()['code']}/number-views")
    for path in views:
        assert (
            await console.ask(Role.AUDITOR, "POST", path, {"purpose": "visit", "document": "审计"})
        ).status_code == 403
        assert (await console.ask(Role.POVERTY_OFFICER, "POST", path, {})).status_code == 422
    for role in set(Role) - {Role.POVERTY_OFFICER, Role.AUDITOR}:
        assert {(await console.ask(role, "GET", path)).status_code for path in of} == {403}
    opened = (
        await console.ask(Role.POVERTY_OFFICER, "POST", views[1], {"purpose": "payout", "document": "示例回单核对"})
    ).json()
    assert opened["number"] == CARD
    assert await scalar("SELECT count(*) FROM access_log") == 1
