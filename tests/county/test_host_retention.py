"""Hosts are forgotten by two persons when their time is over; what is evidence of their sessions stays."""

from datetime import date, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
from msgspec.structs import replace
from tortoise.exceptions import BaseORMException

from accounts.actors import Auditor, CountyOfficer
from accounts.errors import TooManyViews
from accounts.service import AccessLogs
from content.evidence.errors import EvidenceTaken, EvidenceUnknown
from content.evidence.models import EvidenceKind
from content.evidence.service import EvidenceFiles, EvidenceLimits
from county.erasure_errors import PersonErasureDecided, PersonHoldUnknown, PersonNotErasable
from county.erasures import DuePerson
from county.hosts.retention import HostRetention
from integrations.object_storage.folder import FolderStorage
from kit.clock import china_day, utc_now
from kit.database import execute, row, rows, scalar
from kit.imaging import PictureInvalid
from ledger.errors import SecondPersonNeeded
from live.errors import OwnMatter
from live.models import LiveSession, SessionState
from live.roster.errors import HostBlacklisted, HostContractExists, HostEntryInvalid, HostUnknown
from live.roster.models import BlacklistingKind
from live.roster.papers import HostPapers
from live.roster.queries import blacklistings, host_lines, host_record, own_blacklistings
from live.roster.service import ConsentDraft, ContractDraft, Roster, TrainingDraft
from poverty_alleviation.retention.models import ERASURE_TRANSITIONS, ErasureGround, ErasureState, RetentionClass
from poverty_alleviation.retention.obstacles import kept_days
from poverty_alleviation.retention.service import Retention, RetentionTerm
from tests.accounts.people import throwaway_cipher
from tests.content.paint import paint
from tests.live.hosts import ONE, TWO, admitted_host, card, presenting_account
from tests.live.rooms import HOST, House
from tests.superuser import open_as_superuser

PAPER = "示例文件 9 号"
PARTS = ("host_identity_check", "host_contract", "host_training")
NOW = utc_now()
TODAY = china_day(NOW)
LONG_AGO = TODAY - timedelta(days=400)
OFFICER = CountyOfficer(caller=ONE, id=1, number="one", name="示例干部")
AUDITOR = Auditor(caller="staff:auditor", id=2, number="auditor", name="示例审计")


class Desk:
    """The county's retention of hosts, and the roster, on a day of their own."""

    def __init__(self) -> None:
        self.ahead = timedelta()
        self.retention = HostRetention(clock=self.now)
        self.roster = Roster(throwaway_cipher(), clock=self.now)

    def now(self) -> datetime:
        return NOW + self.ahead

    async def host(self, serial: int) -> str:
        """Somebody on record about whom nothing else was entered."""
        number = await presenting_account(f"U{serial:017d}")
        await self.roster.enter(number, "示例人名", card(serial), ONE)
        return number

    async def term(self, days: int) -> None:
        rule = RetentionTerm(
            kept=RetentionClass.HOSTS, days=days, valid_from=date(2026, 1, 1), basis="示例办法", source=PAPER
        )
        await Retention(clock=self.now).set_term(rule, ONE)

    async def approved(self, host: str, ground: ErasureGround = ErasureGround.REQUEST) -> str:
        number = await self.retention.propose(host, ground, PAPER, ONE)
        await self.retention.decide(number, TWO, "示例核对", is_approved=True)
        return number

    async def obstacles(self, host: str, ground: ErasureGround = ErasureGround.REQUEST) -> object:
        """What a proposal is refused with."""
        with pytest.raises(PersonNotErasable) as refused:
            await self.retention.propose(host, ground, PAPER, ONE)
        return refused.value.facts["obstacles"]


async def test_who_is_erased_is_gone_and_may_be_entered_anew(database: str) -> None:
    """Dated rows stay. Fails when the card's index or the name stays, or when the account can never come back."""
    desk = Desk()
    host, other = await desk.host(1), await desk.host(2)
    await desk.roster.check_identity(host, "示例记录", TODAY, ONE)
    sealed = await row("SELECT name_cipher, id_number_cipher, id_number_index FROM live_host WHERE number = $1", host)
    assert sealed is not None
    number = await desk.approved(host)
    assert await desk.retention.erase_approved() == 1
    assert await desk.retention.erase_approved() == 0
    connection = await open_as_superuser(database)
    try:
        left = "".join([each["t"] for each in await connection.fetch("SELECT t::text AS t FROM live_host t")])
    finally:
        await connection.close()
    assert not [value for value in sealed.values() if bytes(value).hex() in left]
    assert [each.host for each in (await host_lines(desk.roster.cipher, None, 9))[0]] == [other]
    for gone in (host_record(desk.roster.cipher, host), desk.roster.check_identity(host, "示例", TODAY, ONE)):
        with pytest.raises(HostUnknown):
            await gone
    assert await desk.roster.obstacles(host, TODAY) == ["unknown"]
    assert await scalar("SELECT count(*) FROM host_identity_check") == 1
    ((told,), _) = await desk.retention.erasures(None, 9, host)
    assert (told.number, told.person, told.state) == (number, host, ErasureState.ERASED)
    assert (await desk.retention.erasures(None, 9, other))[0] == []
    assert await desk.obstacles(host) == ["erased"]
    await desk.roster.enter(host, "示例人名", card(1), ONE)
    assert (await host_record(desk.roster.cipher, host)).identity_checks == []
    assert await desk.roster.obstacles(host, TODAY) == ["identity_check", "contract", "training"]
    assert await desk.approved(host)


async def test_a_mark_on_the_blacklist_outlives_its_host(database: str) -> None:
    """Who was listed does not come back by an erasure. Fails when the mark goes along."""
    desk = Desk()
    host, other = await desk.host(1), await presenting_account("U00000000000000002")
    listing = await desk.roster.propose_blacklisting(BlacklistingKind.LISTING, "示例原因", ONE, host=host)
    assert await desk.obstacles(host) == ["blacklisting"]
    assert await own_blacklistings(host) == []
    await desk.roster.decide_blacklisting(listing, TWO, "", is_approved=True)
    (told,) = await own_blacklistings(host)
    assert (told.number, told.kind, told.reason) == (listing, "listing", "示例原因")
    await desk.approved(host)
    assert await desk.retention.erase_approved() == 1
    with pytest.raises(HostBlacklisted):
        await desk.roster.enter(other, "示例人名", card(1), ONE)
    assert [each.host for each in (await blacklistings(None, 9))[0]] == [None]


async def test_nobody_is_due_without_a_rule_or_before_the_time_is_over(database: str) -> None:
    """A contract and a session count as matters. A rule for hosts is none for households."""
    desk = Desk()
    quiet, bound = await desk.host(1), await admitted_host(desk.roster, "U00000000000000002", 2)
    desk.ahead = timedelta(days=99)
    assert await desk.retention.due(9) == []
    assert await desk.obstacles(quiet, ErasureGround.RETENTION) == ["no_term"]
    await desk.term(100)
    assert await kept_days(TODAY) is None
    assert await desk.retention.due(9) == []
    assert await desk.obstacles(quiet, ErasureGround.RETENTION) == ["early"]
    desk.ahead += timedelta(days=1)
    assert await desk.retention.due(9) == [DuePerson(quiet, TODAY)]
    assert await desk.obstacles(bound) == ["under_contract"]
    desk.ahead = timedelta(days=730 + 100)
    assert await desk.retention.due(9) == [DuePerson(quiet, TODAY), DuePerson(bound, TODAY + timedelta(days=730))]
    await desk.approved(quiet, ErasureGround.RETENTION)
    assert [each.person for each in await desk.retention.due(9)] == [bound]


async def test_who_has_presented_is_on_record_as_long_as_the_session_is(database: str) -> None:
    """Three years after its end for a request. Fails when a session does not count."""
    house, desk = House(), Desk()
    session = await house.scheduled()
    desk.ahead = timedelta(days=731)
    assert await desk.obstacles(HOST) == ["presenting"]
    at = NOW - timedelta(days=10)
    ended = {"state": SessionState.ENDED, "planned_at": at, "started_at": at, "ended_at": at}
    await LiveSession.filter(id=session.id).update(**ended)
    assert await desk.obstacles(HOST) == ["live_records"]
    desk.ahead = timedelta(days=1096 - 10)
    assert await desk.approved(HOST)
    assert await desk.retention.erase_approved() == 1


async def test_a_hold_stops_what_is_approved_until_another_lifts_it(database: str) -> None:
    """Fails when the job does not look at holds again."""
    desk = Desk()
    host = await desk.host(1)
    await desk.approved(host)
    held = await desk.retention.hold(host, PAPER, ONE)
    assert await desk.retention.erase_approved() == 0
    with pytest.raises(SecondPersonNeeded):
        await desk.retention.release(held, PAPER, ONE)
    await desk.retention.release(held, PAPER, TWO)
    with pytest.raises(PersonHoldUnknown):
        await desk.retention.release(held, PAPER, TWO)
    (told,) = await desk.retention.holds(9)
    assert (told.number, told.person, told.released_by) == (held, host, TWO)
    assert await desk.retention.erase_approved() == 1
    with pytest.raises(HostUnknown):
        await desk.retention.hold("NOBODY", PAPER, ONE)


async def test_every_decision_of_an_erasure_goes_where_the_table_says(database: str) -> None:
    desk = Desk()
    for serial, state in enumerate(ErasureState):
        for step, to in enumerate((ErasureState.APPROVED, ErasureState.REFUSED)):
            number = await desk.retention.propose(
                await desk.host(2 * serial + step + 1), ErasureGround.REQUEST, PAPER, ONE
            )
            with pytest.raises(SecondPersonNeeded):
                await desk.retention.decide(number, ONE, "", is_approved=True)
            if state is not ErasureState.PROPOSED:
                await desk.retention.decide(number, TWO, "", is_approved=state is not ErasureState.REFUSED)
            if state is ErasureState.ERASED:
                assert await desk.retention.erase_approved() > 0
            decided = desk.retention.decide(number, "staff:third", "", is_approved=to is ErasureState.APPROVED)
            if to in ERASURE_TRANSITIONS[state]:
                await decided
            else:
                with pytest.raises(PersonErasureDecided):
                    await decided


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE live_host SET name_cipher = '', id_number_cipher = '', id_number_index = '\\x00', erased_at = now()",
        "UPDATE live_host SET number = 'other'",
        "UPDATE live_host_erasure SET state = 'approved', decided_by = proposed_by, decided_at = now()",
        "UPDATE live_host_erasure SET document = 'x'",
        "UPDATE live_host_hold SET document = 'x'",
        "DELETE FROM live_host_erasure",
        "DELETE FROM live_host_hold",
    ],
)
async def test_nothing_goes_but_by_the_two(database: str, attack: str) -> None:
    desk = Desk()
    host = await desk.host(1)
    await desk.retention.propose(host, ErasureGround.REQUEST, PAPER, ONE)
    await desk.retention.hold(host, PAPER, ONE)
    with pytest.raises((BaseORMException, asyncpg.PostgresError)):
        await execute(attack)


def files_of(desk: Desk, folder: Path, views: int = 200) -> HostPapers:
    files = EvidenceFiles(FolderStorage(folder), throwaway_cipher(), EvidenceLimits(), desk.now)
    return HostPapers(desk.roster, files, AccessLogs(desk.now, views))


async def test_checks_contracts_and_trainings_are_files_and_go_with_the_host(database: str, tmp_path: Path) -> None:
    """Fails when one can be opened after the erasure, when a look is not noted, and when what is refused is kept."""
    desk = Desk()
    host, other = await desk.host(1), await desk.host(2)
    papers = files_of(desk, tmp_path)
    contract = ContractDraft(contract_number="ZB-9", document="示例合同", valid_from=LONG_AGO, valid_until=LONG_AGO)
    training = TrainingDraft(title="示例培训", completed_on=LONG_AGO, hours=4, document="示例结业证")
    ahead = TODAY + timedelta(days=1)
    for refusal, act in (
        (HostEntryInvalid, papers.take_identity_check(host, "示例记录", ahead, paint(), ONE)),
        (HostEntryInvalid, papers.take_training(host, replace(training, completed_on=ahead), paint(), ONE)),
        (HostEntryInvalid, papers.take_contract(host, replace(contract, valid_from=TODAY), paint(), ONE)),
        (HostUnknown, papers.take_contract("U-nobody", contract, paint(), ONE)),
        (OwnMatter, papers.take_contract(host, contract, paint(), f"staff:{host}")),
        (PictureInvalid, papers.take_contract(host, contract, b"words", ONE)),
    ):
        with pytest.raises(refusal):
            await act
    assert await scalar("SELECT count(*) FROM evidence") == 0
    one, two, three = (paint(colour=(each, each, each)) for each in (10, 20, 30))
    numbers = []
    for _ in range(2):
        numbers.append(
            [
                await papers.take_identity_check(host, "示例记录", LONG_AGO, one, ONE),
                await papers.take_contract(host, contract, two, ONE),
                await papers.take_training(host, training, three, ONE),
            ]
        )
    assert numbers[0] == numbers[1]
    record = await host_record(desk.roster.cipher, host)
    check, agreed, taught = record.identity_checks[0], record.contracts[0], record.trainings[0]
    assert [check.evidence, agreed.evidence, taught.evidence] == numbers[0]
    assert {len(each or "") for each in (check.sha256, agreed.sha256, taught.sha256)} == {64}
    counts = [len(each) for each in (record.identity_checks, record.contracts, record.trainings)]
    with pytest.raises(EvidenceTaken):
        await papers.take_contract(other, contract, two, ONE)
    with pytest.raises(HostContractExists):
        await papers.take_contract(host, contract, paint(colour=(40, 1, 1)), ONE)
    assert await scalar("SELECT count(*) FROM evidence") == 3, "what is refused leaves no file"
    for number in numbers[0]:
        assert (await papers.look(AUDITOR, number, PAPER)).startswith(b"\xff\xd8")
    looks = await rows("SELECT purpose, subject, document FROM access_log ORDER BY id")
    assert [(each["purpose"], each["subject"], each["document"]) for each in looks] == [
        (purpose, f"evidence:{number}", PAPER)
        for purpose, number in zip(("host_identity", "host_contract", "host_training"), numbers[0], strict=True)
    ]
    await desk.approved(host)
    assert await desk.retention.erase_approved() == 1
    for number in numbers[0]:
        with pytest.raises(EvidenceUnknown):
            await papers.look(AUDITOR, number, PAPER)
    assert await scalar("SELECT count(*) FROM evidence WHERE forgotten_at IS NULL") == 0
    kept = [await scalar(f"SELECT count(*) FROM {table} WHERE evidence IS NOT NULL") for table in PARTS]
    assert (kept, [each >= 1 for each in counts]) == ([1, 1, 1], [True] * 3)


async def test_a_guardians_paper_is_a_file_that_is_opened_on_record_and_goes_with_the_host(
    database: str, tmp_path: Path
) -> None:
    """Fails when the look is not noted, and when the paper can be opened after the erasure."""
    desk = Desk()
    minor, other = await desk.host(1), await desk.host(2)
    files, paper = files_of(desk, tmp_path, views=2), paint(colour=(1, 2, 3))
    for refused, host, day in ((HostUnknown, "U-nobody", TODAY), (HostEntryInvalid, minor, TODAY + timedelta(days=1))):
        with pytest.raises(refused):
            await files.take_consent(host, "示例同意书", day, paper, ONE)
    assert await scalar("SELECT count(*) FROM evidence") == 0
    number = await files.take_consent(minor, "示例同意书", TODAY, paper, ONE)
    assert await files.take_consent(minor, "示例同意书", TODAY, paper, ONE) == number
    with pytest.raises(EvidenceTaken):
        await files.take_consent(other, "示例同意书", TODAY, paper, ONE)
    (consent,) = (await host_record(desk.roster.cipher, minor)).guardian_consents
    assert (consent.evidence, consent.signed_on, len(consent.sha256)) == (number, TODAY, 64)
    for actor in (OFFICER, AUDITOR):
        assert (await files.look(actor, number, PAPER)).startswith(b"\xff\xd8")
    looks = await rows("SELECT actor, subject FROM access_log ORDER BY id")
    assert [(each["actor"], each["subject"]) for each in looks] == [
        (actor.caller, f"evidence:{number}") for actor in (OFFICER, AUDITOR)
    ]
    await files.look(OFFICER, number, PAPER)
    with pytest.raises(TooManyViews):
        await files.look(OFFICER, number, PAPER)
    desk.ahead = timedelta(hours=2)
    await desk.approved(minor)
    await desk.retention.erase_approved()
    with pytest.raises(EvidenceUnknown):
        await files.look(AUDITOR, number, PAPER)
    desk.ahead = timedelta(hours=4)
    stray = await files.files.take_paper(
        paint(colour=(4, 5, 6)), EvidenceKind.GUARDIAN_CONSENT, ONE, ("guardian_consent", other)
    )
    with pytest.raises(EvidenceUnknown):
        await files.look(AUDITOR, stray, PAPER)
    draft = ConsentDraft(document="示例同意书", sha256="0" * 64, evidence=stray, signed_on=TODAY)
    await desk.roster.add_consent(other, draft, ONE)
    assert await files.look(AUDITOR, stray, PAPER)
