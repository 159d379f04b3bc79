"""A household whose time is over is destroyed by two persons; books, figures and the access log stay verifiable."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from tortoise.exceptions import BaseORMException

from accounts.actors import PovertyOfficer
from accounts.service import AccessLogs
from content.errors import StorageUnavailable
from content.evidence.errors import EvidenceUnknown
from content.evidence.forgetting import drop_forgotten
from content.evidence.models import EvidenceKind
from content.evidence.service import EvidenceFiles
from integrations.object_storage.folder import FolderStorage
from kit.database import execute, rows, scalar
from ledger.errors import SecondPersonNeeded
from ledger.jobs import seal_journals
from ledger.queries import verify_chain
from ledger.service import Sealer
from poverty_alleviation.confirming.models import (
    CallAnswer,
    DisputeState,
    EarlierFiling,
    IncomeDispute,
    SheetState,
    StatementCall,
    StatementSheet,
)
from poverty_alleviation.errors import HouseholdUnknown
from poverty_alleviation.help.models import NeedState
from poverty_alleviation.households import Identity
from poverty_alleviation.matching.models import SupplierIdentity
from poverty_alleviation.models import AssistanceStatus
from poverty_alleviation.proofs import Proofs, Proved
from poverty_alleviation.register.accounts import AccountDraft, BankAccounts
from poverty_alleviation.register.labels import RegisterLabels
from poverty_alleviation.register.members import Members
from poverty_alleviation.register.models import HouseholdWallet, HouseholdYear, Relation
from poverty_alleviation.register.wallets import wallet_place
from poverty_alleviation.retention.erasing import Erasing
from poverty_alleviation.retention.errors import (
    ErasureDecided,
    ErasurePending,
    ErasureUnknown,
    HoldUnknown,
    HouseholdNotErasable,
)
from poverty_alleviation.retention.models import (
    ERASURE_TRANSITIONS,
    OF_HOUSEHOLDS,
    ErasureGround,
    ErasureState,
)
from poverty_alleviation.retention.service import Retention, RetentionTerm, erasures, holds, retention_terms
from poverty_alleviation.statements.models import HouseholdStatement
from poverty_alleviation.vault import household_rights
from tests.content.paint import paint
from tests.poverty_alleviation.conftest import OFFICER, SECOND, County
from tests.poverty_alleviation.test_books_of_sales import announced
from tests.poverty_alleviation.test_help import Help
from tests.poverty_alleviation.test_ledger_export import exported, verify
from tests.poverty_alleviation.test_register import CARD, OWN_REQUEST, SON
from tests.products.shelf import TOWNSHIP, VILLAGE
from tests.superuser import open_as_superuser
from traceability.models import IntakeMode

H1, PAPER = "示例H1", "示例文件 9 号"
LONG_AGO, LATER = date(2026, 11, 24), datetime(2037, 1, 1, tzinfo=UTC)
RETENTION, REQUEST = ErasureGround.RETENTION, ErasureGround.REQUEST
WORDS = ("所见", "所求", "答复", "措施", "成效", "所问", "所记", "所注", "异议", "答辩", "结论")
ACTOR = PovertyOfficer(caller=OFFICER, id=1, number="office", name="示例干部")


def retention(county: County) -> Retention:
    return Retention(1096, county.clock)


def erasing(county: County) -> Erasing:
    return Erasing(retention(county), county.clock)


async def terms(county: County, **days: int) -> None:
    """Five years for everything unless told otherwise."""
    for kept in OF_HOUSEHOLDS:
        term = RetentionTerm(
            kept=kept, days=days.get(kept.value, 1826), valid_from=date(2026, 1, 1), basis="示例法条", source=PAPER
        )
        await retention(county).set_term(term, OFFICER)


async def left(county: County) -> None:
    """H1 is looked after no more, delivers no more, and ten years go by."""
    await county.registry.decide(H1, AssistanceStatus.RISK_CLEARED, LONG_AGO, PAPER, OFFICER)
    await county.registry.unlink(H1, county.suppliers["H1"], LONG_AGO)
    county.now = LATER


async def approved(county: County, ground: ErasureGround = RETENTION) -> str:
    number = await retention(county).propose(H1, ground, PAPER, OFFICER)
    await retention(county).decide(number, SECOND, "示例核对无误", is_approved=True)
    return number


async def a_whole_life(county: County, files: EvidenceFiles) -> list[str]:
    """H1 sells at the scale, is visited, asks, is helped and photographed; answers the words that name it."""
    members = Members(county.registry.cipher, AccessLogs(county.clock), county.clock)
    member = await members.enter(H1, SON, date(2020, 1, 1), PAPER, OFFICER)
    accounts = BankAccounts(county.registry.cipher, AccessLogs(county.clock), county.clock)
    card = AccountDraft(bank="示例小众银行", number=CARD, holder_relation=Relation.CHILD, member=member)
    await accounts.enter(H1, card, date(2020, 1, 1), PAPER, OFFICER)
    await accounts.enter(H1, replace_number(card), date(2020, 1, 1), PAPER, OFFICER)
    await members.identity(ACTOR, H1, member, OWN_REQUEST)
    await RegisterLabels(county.clock).enter_usual(OFFICER)
    await listed(county)
    await spoken(county)
    await matched(county, member)
    help_of = Help(county)
    done = await help_of.done(H1, about="示例只此一处措施")
    await help_of.measures.end(done, LONG_AGO, "示例只此一处成效", OFFICER)
    visit = await help_of.visited(H1, seen="示例只此一处所见")
    need = await help_of.asked(H1, said="示例只此一处所求")
    await help_of.needs.move(need, NeedState.REFUSED, "示例只此一处答复", OFFICER)
    await Proofs(files, AccessLogs(county.clock)).take(
        paint("JPEG", (40, 30)), EvidenceKind.VISIT_PHOTO, Proved.HOUSEHOLD_VISIT, visit, OFFICER
    )
    await county.sealed_lot({"H1": 10_000}, IntakeMode.PAID_AT_SCALE)
    await county.tell(*await announced())
    await seal_journals(Sealer())
    sealed = await whole("SELECT name_cipher, phone_cipher FROM household WHERE code = $1", H1)
    sealed += await whole("SELECT name_cipher, id_number_cipher, id_number_index, phone_index FROM household_member")
    sealed += await whole("SELECT list_number_index FROM household_year")
    sealed += await whole("SELECT payee_cipher, payee_index FROM household_wallet")
    sealed += await whole("SELECT id_number_index FROM supplier_identity")
    sealed += await whole("SELECT number_cipher, number_index FROM household_account")
    words = ["示例小众银行", "供货人H1", *(f"示例只此一处{word}" for word in WORDS)]
    return [*words, *(octets.hex() for octets in sealed if octets)]


@household_rights()
async def listed(county: County) -> None:
    """A superior's list has given H1 a number."""
    await HouseholdYear.create(
        household_id=await scalar("SELECT id FROM household WHERE code = $1", H1), year=2025, persons=2,
        list_number_index=county.registry.cipher.blind_index("household_year|list_number", "5331240001"),
        document=PAPER, recorded_by=OFFICER, recorded_at=county.now,
    )  # fmt: skip


@household_rights()
async def matched(county: County, member: str) -> None:
    """Its supplier's paper is known, and a member is paid by WeChat."""
    cipher, now = county.registry.cipher, county.now
    await SupplierIdentity.create(
        supplier=county.suppliers["H1"], id_number_index=cipher.blind_index("household|id_number", str(SON.id_number)),
        recorded_by=OFFICER, recorded_at=now,
    )  # fmt: skip
    await HouseholdWallet.create(
        code="W1", household_id=await scalar("SELECT id FROM household WHERE code = $1", H1), member=member,
        payee_cipher=cipher.encrypt("C1", wallet_place("payee", "W1")),
        payee_index=cipher.blind_index("household_wallet|payee", "C1"), document=PAPER, recorded_by=OFFICER,
        recorded_at=now,
    )  # fmt: skip


@household_rights()
async def spoken(county: County) -> None:
    """What was said on the phone, written beside a sheet, and disputed until it was over."""
    household, now = await scalar("SELECT id FROM household WHERE code = $1", H1), county.now
    statement = await HouseholdStatement.create(
        number="HS1", household_id=household, quarter="2026-Q1", text="{}", digest="d", page_hash="p",
        issued_by=OFFICER, issued_at=now,
    )  # fmt: skip
    await StatementCall.create(
        number="HC1", statement=statement, called_at=now, script="示例只此一处所问", answer=CallAnswer.NOT_REACHED,
        note="示例只此一处所记", called_by=OFFICER, recorded_at=now,
    )  # fmt: skip
    sheet = await StatementSheet.create(
        number="SHEET1", state=SheetState.REJECTED, statement=statement, taken_by=OFFICER, taken_at=now,
        decided_by=OFFICER, decided_at=now, note="示例只此一处所注",
    )  # fmt: skip
    for place, filed_under in enumerate((statement, None), start=1):
        await EarlierFiling.create(
            sheet=sheet, place=place, state=SheetState.REJECTED, statement=filed_under, decided_by=OFFICER,
            decided_at=now, note="示例只此一处旧注", replaced_by=OFFICER, replaced_at=now,
        )  # fmt: skip
    await IncomeDispute.create(
        number="HD1", household_id=household, state=DisputeState.REJECTED, reason="示例只此一处异议", opened_by=OFFICER,
        opened_at=now, answer="示例只此一处答辩", verdict="示例只此一处结论", closed_by=OFFICER, closed_at=now,
    )  # fmt: skip


def replace_number(card: AccountDraft) -> AccountDraft:
    return AccountDraft(bank=card.bank, number="6200000000000999", holder_relation=Relation.CHILD, member=card.member)


async def whole(sql: str, *values: object) -> list[bytes]:
    async with household_rights():
        return [bytes(value) for each in await rows(sql, *values) for value in each.values() if value is not None]


async def standing(url: str, words: list[str]) -> set[tuple[str, str]]:
    """(table, word) wherever one of the words stands in the database."""
    connection = await open_as_superuser(url)
    try:
        tables = await connection.fetch(
            "SELECT schemaname || '.' || tablename AS name FROM pg_tables WHERE schemaname IN ('public', 'household')"
        )
        return {
            (table["name"], word)
            for table in tables
            for word in words
            if await connection.fetchval(
                f"SELECT 1 FROM {table['name']} t WHERE position($1 IN t::text) > 0 LIMIT 1", word
            )
        }
    finally:
        await connection.close()


async def books() -> list[dict[str, Any]]:
    return [line for line in await exported() if line["kind"] != "manifest"]


async def test_what_names_it_is_destroyed_and_the_books_are_the_same(
    county: County, database: str, tmp_path: Path
) -> None:
    """Fails when a statement of ``_ERASED`` is left out: tried with members and disputes."""
    storage = FolderStorage(tmp_path / "pictures")
    files = EvidenceFiles(storage, county.registry.cipher, clock=county.clock)
    words = await a_whole_life(county, files)
    await left(county)
    await terms(county)
    assert {word for _, word in await standing(database, words)} == set(words)
    before, looks = await books(), await rows("SELECT * FROM access_log ORDER BY id")
    number = await approved(county)
    assert await erasing(county).erase_approved() == 1
    assert await erasing(county).erase_approved() == 0

    assert await standing(database, words) == set()
    assert await books() == before
    code, told = verify(await exported(), tmp_path)
    assert code == 0, told
    assert {chain.broken_at for chain in await verify_chain()} == {None}
    assert await rows("SELECT * FROM access_log ORDER BY id") == looks
    assert await scalar("SELECT count(*) FROM ledger_account WHERE owner = $1", H1) > 0
    (card,) = (await erasures(None, 10))[0]
    assert (card.number, card.household, card.state) == (number, H1, ErasureState.ERASED)
    assert card.report == {
        "photographs": 1, "story_consents": 0, "suppliers": 1, "members": 1, "accounts": 2, "wallets": 1,
        "supplier_identities": 1, "years": 1, "share_marks": 0, "calls": 1, "sheets": 1,
        "earlier_filings": 2, "disputes": 1, "visits": 1, "needs": 1, "need_steps": 1, "measures": 1, "household": 1,
    }  # fmt: skip
    shown = await county.registry.card(H1)
    assert (shown.name_masked, shown.phone_masked, shown.erased_at) == ("", None, LATER)
    members = Members(county.registry.cipher, AccessLogs(county.clock), county.clock)
    assert [each.name_masked for each in await members.cards(H1)] == [None]

    evidence = await scalar("SELECT number FROM evidence")
    with pytest.raises(EvidenceUnknown):
        await files.open(evidence)
    assert kept_files(tmp_path) == 1
    with pytest.raises(StorageUnavailable):
        await drop_forgotten(Away(tmp_path / "pictures"))
    assert await drop_forgotten(storage) == 1
    assert kept_files(tmp_path) == 0
    assert await drop_forgotten(storage) == 0
    with pytest.raises(HouseholdNotErasable) as refused:
        await retention(county).propose(H1, RETENTION, PAPER, OFFICER)
    assert refused.value.facts == {"obstacles": ["erased"]}
    with pytest.raises(HouseholdUnknown):  # who comes back is entered anew
        await county.registry.decide(H1, AssistanceStatus.REGISTERED, LATER.date(), PAPER, OFFICER)


def kept_files(folder: Path) -> int:
    return len(list(folder.rglob("*.bin")))


class Away(FolderStorage):
    """A storage that does not answer."""

    async def delete(self, keys: object) -> None:
        raise StorageUnavailable()


async def test_who_has_never_traded_is_erased_on_request_at_once(county: County) -> None:
    """Fails when the day of entry counts as a trade: tried. A wrong person entered today need not wait for years."""
    await county.registry.enter(Identity(name="示例误录"), TOWNSHIP, VILLAGE, OFFICER, "示例误录户")
    number = await retention(county).propose("示例误录户", REQUEST, PAPER, OFFICER)
    await retention(county).decide(number, SECOND, "", is_approved=True)
    assert await erasing(county).erase_approved() == 1
    assert (await county.registry.card("示例误录户")).erased_at is not None


async def test_what_stands_against_it_is_named_and_waited_for(county: County) -> None:
    await county.sealed_lot({"H1": 10_000}, IntakeMode.PAID_AT_SCALE)
    at = retention(county)
    for ground, expected in (
        (RETENTION, ["assisted", "linked", "early"]),
        (REQUEST, ["assisted", "linked", "trade_records"]),
    ):
        with pytest.raises(HouseholdNotErasable) as refused:
            await at.propose(H1, ground, PAPER, OFFICER)
        assert refused.value.facts == {"obstacles": expected}
    await left(county)
    assert await at.due(10) == []  # nobody has said for how long anything is kept
    with pytest.raises(HouseholdNotErasable):
        await at.propose(H1, RETENTION, PAPER, OFFICER)
    await terms(county, words=4000)
    assert await at.due(10) == []
    await terms(county)
    assert [(each.household, each.last_matter) for each in await at.due(10)] == [(H1, LONG_AGO)]
    assert len(await retention_terms()) == 6
    number = await at.propose(H1, REQUEST, PAPER, OFFICER)
    assert await at.due(10) == []
    with pytest.raises(ErasurePending):
        await at.propose(H1, RETENTION, PAPER, OFFICER)
    with pytest.raises(HouseholdUnknown):
        await at.propose("示例H9", REQUEST, PAPER, OFFICER)
    await at.decide(number, OFFICER, "", is_approved=False)


async def test_a_hold_stops_what_was_approved_until_somebody_else_lifts_it(county: County) -> None:
    """Fails when the job does not look once more: tried."""
    at = retention(county)
    await left(county)
    await terms(county)
    await approved(county)
    hold = await at.hold(H1, "示例法院函", OFFICER)
    assert await erasing(county).erase_approved() == 0
    with pytest.raises(SecondPersonNeeded):
        await at.release(hold, PAPER, OFFICER)
    await at.release(hold, PAPER, SECOND)
    with pytest.raises(HoldUnknown):
        await at.release(hold, PAPER, SECOND)
    assert [(each.household, each.released_by) for each in await holds(10)] == [(H1, SECOND)]
    assert await erasing(county).erase_approved() == 1


@pytest.mark.parametrize("state", list(ErasureState))
async def test_every_decision_in_every_state_goes_where_the_table_says(county: County, state: ErasureState) -> None:
    at = retention(county)
    await left(county)
    await terms(county)
    number = await at.propose(H1, RETENTION, PAPER, OFFICER)
    with pytest.raises(SecondPersonNeeded):
        await at.decide(number, OFFICER, "", is_approved=True)
    if state is not ErasureState.PROPOSED:
        await at.decide(number, SECOND, "", is_approved=state is not ErasureState.REFUSED)
    if state is ErasureState.ERASED:
        assert await erasing(county).erase(number)
    for to in (ErasureState.REFUSED, ErasureState.APPROVED):
        if to in ERASURE_TRANSITIONS[state] and to is ErasureState.REFUSED:
            continue
        if to in ERASURE_TRANSITIONS[state]:
            for _ in range(2):
                await at.decide(number, SECOND, "", is_approved=True)
        else:
            with pytest.raises(ErasureDecided):
                await at.decide(number, "staff:third", "", is_approved=to is ErasureState.APPROVED)
    assert await erasing(county).erase(number) is (state in (ErasureState.PROPOSED, ErasureState.APPROVED))
    with pytest.raises(ErasureUnknown):
        await at.decide("HE404", SECOND, "", is_approved=True)


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE household_visit SET seen = 'x'",
        "UPDATE need_step SET note = 'x'",
        "UPDATE household_need SET said = 'x'",
        "UPDATE household_member SET phone_cipher = NULL, phone_index = NULL",
        "UPDATE household_account SET bank = ''",
        "UPDATE household_year SET list_number_index = NULL",
        "UPDATE household_erasure SET state = 'erased', erased_at = now(), report = '{}'",
        "UPDATE household_erasure SET proposed_by = 'x'",
        "UPDATE household_hold SET document = 'x'",
        "UPDATE retention_rule SET days = 1",
        "UPDATE household SET name_cipher = ''",
        "DELETE FROM household",
    ],
)
async def test_nothing_is_destroyed_without_an_approved_erasure(county: County, tmp_path: Path, attack: str) -> None:
    """Of H2 there is one that is approved, of H1 one that is not: only whose it is counts."""
    await a_whole_life(county, EvidenceFiles(FolderStorage(tmp_path), county.registry.cipher, clock=county.clock))
    await terms(county)
    await retention(county).hold(H1, PAPER, OFFICER)
    await county.registry.decide("示例H2", AssistanceStatus.RISK_CLEARED, LONG_AGO, PAPER, OFFICER)
    await county.registry.unlink("示例H2", county.suppliers["H2"], LONG_AGO)
    county.now = LATER
    number = await retention(county).propose("示例H2", REQUEST, PAPER, OFFICER)
    if "household_erasure" not in attack:
        await retention(county).decide(number, SECOND, "", is_approved=True)
    with pytest.raises(BaseORMException):
        await household_rights()(execute)(attack)
    async with household_rights():
        assert await scalar("SELECT count(*) FROM household WHERE name_cipher = ''") == 0
