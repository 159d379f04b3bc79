"""Who may present: a record by the card, parts with days, and a blacklist that follows the card to any account."""

import asyncio
import contextvars
from collections.abc import Awaitable
from datetime import date, timedelta

import pytest
from tortoise.exceptions import BaseORMException

from accounts.models import RoleGrant
from kit.clock import china_day, utc_now
from kit.database import execute, row, rows, scalar
from kit.errors import DomainError
from ledger.errors import SecondPersonNeeded
from live.errors import OwnMatter
from live.roster.errors import (
    BlacklistingDecided,
    BlacklistingOpen,
    BlacklistingUnknown,
    HostBlacklisted,
    HostContractExists,
    HostEntryInvalid,
    HostOnRecord,
    HostPaperInvalid,
    HostTooYoung,
    HostUnknown,
)
from live.roster.models import BLACKLISTING_TRANSITIONS, BlacklistingKind, BlacklistingState
from live.roster.queries import blacklisting, host_lines, host_record
from live.roster.service import ConsentDraft, ContractDraft, Roster, TrainingDraft, years_old
from tests.accounts.people import throwaway_cipher
from tests.live.hosts import ONE, TWO, admitted_host, card, presenting_account, years_ago
from tests.live.rooms import Clock

CLOCK = Clock()
ROSTER = Roster(throwaway_cipher(), clock=CLOCK)
TODAY = china_day(utc_now())


async def a_host(serial: int = 1, born: date = date(1990, 5, 17)) -> str:
    """A host on record, of whom nothing else is known."""
    number = await presenting_account(f"U{serial:017d}")
    await ROSTER.enter(number, "示例人名", card(serial, born), ONE)
    return number


async def listed(host: str) -> str:
    """Whoever this is, on the blacklist by two persons."""
    number = await ROSTER.propose_blacklisting(BlacklistingKind.LISTING, "示例原因", ONE, host=host)
    await ROSTER.decide_blacklisting(number, TWO, "示例核对", is_approved=True)
    return number


async def test_a_record_is_sealed_and_shown_masked(database: str) -> None:
    """Fails when the name, the card or its index stands in the table in clear, or a card in an answer: tried."""
    host = await a_host()
    stored = await row("SELECT t::text AS text FROM live_host t")
    shown = repr(await host_record(ROSTER.cipher, host)) + repr(await host_lines(ROSTER.cipher, None, 10))
    assert stored is not None
    for secret in ("示例人名", card(1), card(1).encode().hex(), "示例人名".encode().hex()):
        assert secret not in stored["text"]
        assert secret not in shown
    record = await host_record(ROSTER.cipher, host)
    assert (record.masked_name, record.masked_id_number) == ("示***", card(1)[:3] + "*" * 11 + card(1)[-4:])


async def test_one_card_is_one_host_and_the_account_must_present(database: str) -> None:
    host = await a_host()
    other = await presenting_account("U00000000000000002")
    for number, paper, refusal in (
        (host, card(5), HostOnRecord),
        (other, card(1), HostOnRecord),
        (other, card(1).lower() + "0", HostPaperInvalid),
        (other, card(2)[:-1] + ("0" if card(2)[-1] != "0" else "1"), HostPaperInvalid),
        (other, "999999" + "20301340" + "0011", HostPaperInvalid),
        ("U-nobody", card(2), HostUnknown),
    ):
        with pytest.raises(refusal):
            await ROSTER.enter(number, "示例", paper, ONE)
    await ROSTER.enter(other, "示例", " ".join(card(2)), ONE)  # blanks do not make another person
    assert await scalar("SELECT count(*) FROM live_host") == 2


async def test_nobody_presents_before_the_sixteenth_birthday_nor_before_the_eighteenth_without_a_guardian(
    database: str,
) -> None:
    """Fails when an age is counted by years alone: tried."""
    young = await presenting_account("U00000000000000003")
    with pytest.raises(HostTooYoung):
        await ROSTER.enter(young, "示例", card(3, years_ago(16, -1)), ONE)
    await admitted_host(ROSTER, young, 4)  # of another birthday
    minor = await a_host(6, years_ago(16))
    assert "guardian_consent" in await ROSTER.obstacles(minor, TODAY)
    grown = await a_host(7, years_ago(18))
    assert "guardian_consent" not in await ROSTER.obstacles(grown, TODAY)
    assert "guardian_consent" not in await ROSTER.obstacles(minor, TODAY.replace(year=TODAY.year + 3))
    consent = ConsentDraft(document="示例同意书", sha256="0" * 64, evidence="E1", signed_on=TODAY)
    for _ in range(2):
        await ROSTER.add_consent(minor, consent, ONE)
    assert await scalar("SELECT count(*) FROM guardian_consent") == 1
    assert "guardian_consent" not in await ROSTER.obstacles(minor, TODAY)
    assert [years_old(date(2008, 2, 29), day) for day in (date(2024, 2, 29), date(2025, 2, 28), date(2025, 3, 1))] == [
        16, 16, 17,
    ]  # fmt: skip


async def test_what_a_host_must_have_is_named_and_holds_on_its_days_alone(database: str) -> None:
    """Fails when a check is asked for at any time instead of on the day: tried."""
    assert await ROSTER.obstacles("U-nobody", TODAY) == ["unknown"]
    host = await a_host()
    assert await ROSTER.obstacles(host, TODAY) == ["identity_check", "contract", "training"]
    await admitted_host(ROSTER, "U00000000000000009", 9)
    admitted = "U00000000000000009"
    assert await ROSTER.obstacles(admitted, TODAY) == []
    assert await ROSTER.obstacles(admitted, TODAY - timedelta(days=1)) == ["identity_check", "contract", "training"]
    assert await ROSTER.obstacles(admitted, TODAY + timedelta(days=365)) == []
    assert await ROSTER.obstacles(admitted, TODAY + timedelta(days=366)) == ["identity_check"]
    assert await ROSTER.obstacles(admitted, TODAY + timedelta(days=731)) == ["identity_check", "contract"]
    short = Roster(ROSTER.cipher, identity_days=10)
    await short.check_identity(host, "示例记录", TODAY, ONE)
    assert "identity_check" not in await ROSTER.obstacles(host, TODAY + timedelta(days=10))
    assert "identity_check" in await ROSTER.obstacles(host, TODAY + timedelta(days=11))
    await RoleGrant.filter(staff__number=admitted).update(revoked_at=utc_now())
    assert await ROSTER.obstacles(admitted, TODAY) == ["unknown"]


async def test_entries_that_lie_ahead_or_end_before_they_begin_are_refused(database: str) -> None:
    host, tomorrow = await a_host(), TODAY + timedelta(days=1)
    with pytest.raises(HostEntryInvalid):
        await ROSTER.check_identity(host, "示例", tomorrow, ONE)
    backwards = ContractDraft(contract_number="Z", document="示例", valid_from=tomorrow, valid_until=TODAY)
    with pytest.raises(HostEntryInvalid):
        await ROSTER.add_contract(host, backwards, ONE)
    good = ContractDraft(contract_number="Z", document="示例", valid_from=TODAY, valid_until=tomorrow)
    await ROSTER.add_contract(host, good, ONE)
    with pytest.raises(HostContractExists):
        await ROSTER.add_contract(host, good, ONE)
    with pytest.raises(HostUnknown):
        await ROSTER.check_identity("U-nobody", "示例", TODAY, ONE)


async def test_what_was_entered_stays(database: str) -> None:
    await admitted_host(ROSTER, "U00000000000000001", 1)
    number = await ROSTER.propose_blacklisting(BlacklistingKind.LISTING, "示例", ONE, id_number=card(30))
    for statement in (
        "UPDATE host_identity_check SET valid_until = valid_until + 1",
        "DELETE FROM host_contract",
        "UPDATE host_training SET hours = 100",
        "UPDATE live_host SET recorded_by = 'staff:other'",
        "DELETE FROM live_host",
        f"UPDATE host_blacklisting SET reason = 'x' WHERE number = '{number}'",
        "DELETE FROM host_blacklisting",
    ):
        with pytest.raises(BaseORMException):
            await execute(statement)


async def test_the_blacklist_follows_the_card_to_another_account(database: str) -> None:
    """Also of somebody who was never on record. Fails when entering does not read the list: tried."""
    host = await admitted_host(ROSTER, "U00000000000000001", 1)
    again = await presenting_account("U00000000000000002")
    await listed(host)
    assert "blacklisted" in await ROSTER.obstacles(host, TODAY)
    with pytest.raises(HostBlacklisted):
        await ROSTER.enter(again, "另一个名字", card(1), ONE)
    stranger = await ROSTER.propose_blacklisting(BlacklistingKind.LISTING, "示例", ONE, id_number=card(31))
    await ROSTER.enter(again, "示例", card(32), ONE)
    third = await presenting_account("U00000000000000003")
    await ROSTER.decide_blacklisting(stranger, TWO, "", is_approved=True)
    with pytest.raises(HostBlacklisted):
        await ROSTER.enter(third, "示例", card(31), ONE)
    assert await ROSTER.obstacles(again, TODAY) == ["identity_check", "contract", "training"]
    lifting = await ROSTER.propose_blacklisting(BlacklistingKind.LIFTING, "示例", ONE, id_number=card(31))
    await ROSTER.decide_blacklisting(lifting, TWO, "", is_approved=True)
    await ROSTER.enter(third, "示例", card(31), ONE)
    assert [each["state"] for each in await rows("SELECT state FROM host_blacklisting")] == ["approved"] * 3


async def test_every_decision_in_every_state_goes_where_the_table_says(database: str) -> None:
    """Who proposed may only take it back."""
    serial = 40
    for state in BlacklistingState:
        for by, is_approved in ((ONE, True), (ONE, False), (TWO, True), (TWO, False)):
            serial += 1
            number = await ROSTER.propose_blacklisting(BlacklistingKind.LISTING, "示例", ONE, id_number=card(serial))
            if state is not BlacklistingState.PROPOSED:
                await ROSTER.decide_blacklisting(number, "staff:third", "", is_approved=state.value == "approved")
            to = BlacklistingState.APPROVED if is_approved else BlacklistingState.REFUSED
            wanted = to if to in BLACKLISTING_TRANSITIONS[state] and (by, is_approved) != (ONE, True) else state
            try:
                await ROSTER.decide_blacklisting(number, by, "示例", is_approved=is_approved)
            except (SecondPersonNeeded, BlacklistingDecided):
                assert wanted is state
            assert (await blacklisting(number)).state == wanted.value
    with pytest.raises(BlacklistingUnknown):
        await ROSTER.decide_blacklisting("ZB-none", TWO, "", is_approved=True)


async def test_one_proposal_about_a_person_waits_and_nothing_is_listed_twice(database: str) -> None:
    host = await a_host()
    with pytest.raises(BlacklistingOpen):  # nothing to lift
        await ROSTER.propose_blacklisting(BlacklistingKind.LIFTING, "示例", ONE, host=host)
    number = await ROSTER.propose_blacklisting(BlacklistingKind.LISTING, "示例", ONE, host=host)
    with pytest.raises(BlacklistingOpen):
        await ROSTER.propose_blacklisting(BlacklistingKind.LISTING, "示例", TWO, id_number=card(1))
    await ROSTER.decide_blacklisting(number, TWO, "", is_approved=True)
    with pytest.raises(BlacklistingOpen):
        await ROSTER.propose_blacklisting(BlacklistingKind.LISTING, "示例", ONE, host=host)


async def test_a_person_entered_while_the_list_is_decided_is_either_refused_or_barred(database: str) -> None:
    """Twenty times at once. Fails when the standing does not read the list: tried."""
    for serial in range(60, 80):
        number = await presenting_account(f"U{serial:017d}")
        listing = await ROSTER.propose_blacklisting(BlacklistingKind.LISTING, "示例", ONE, id_number=card(serial))
        outcomes = await asyncio.gather(
            in_its_own_context(ROSTER.enter(number, "示例", card(serial), ONE)),
            in_its_own_context(ROSTER.decide_blacklisting(listing, TWO, "", is_approved=True)),
        )
        assert outcomes[1] is None
        standing = await ROSTER.obstacles(number, TODAY)
        assert standing[0] == ("unknown" if isinstance(outcomes[0], HostBlacklisted) else "blacklisted")


async def in_its_own_context(act: Awaitable[object]) -> DomainError | None:
    """What an act is refused with, on a connection of its own."""

    async def tried() -> DomainError | None:
        try:
            await act
        except DomainError as refusal:
            return refusal
        return None

    return await asyncio.create_task(tried(), context=contextvars.copy_context())


async def test_nobody_decides_about_the_own_record_or_card(database: str) -> None:
    """An account that is a host and an officer. Fails when the roles are taken for two persons."""
    host = await presenting_account("U00000000000000001")
    own = f"staff:{host}"
    with pytest.raises(OwnMatter):
        await ROSTER.enter(host, "示例人名", card(1), own)
    await ROSTER.enter(host, "示例人名", card(1), ONE)
    contract = ContractDraft(contract_number="1", document="示例合同", valid_from=TODAY, valid_until=TODAY)
    training = TrainingDraft(title="示例培训", completed_on=TODAY, hours=1, document="示例文件")
    consent = ConsentDraft(document="示例文件", sha256="0" * 64, evidence="E1", signed_on=TODAY)
    for act in (
        ROSTER.check_identity(host, "示例文件", TODAY, own),
        ROSTER.add_contract(host, contract, own),
        ROSTER.add_training(host, training, own),
        ROSTER.add_consent(host, consent, own),
    ):
        with pytest.raises(OwnMatter):
            await act
    number = await listed(host)
    for subject in ({"host": host}, {"id_number": card(1)}):
        with pytest.raises(OwnMatter):
            await ROSTER.propose_blacklisting(BlacklistingKind.LIFTING, "示例原因", own, **subject)
    lifting = await ROSTER.propose_blacklisting(BlacklistingKind.LIFTING, "示例原因", ONE, host=host)
    with pytest.raises(OwnMatter):
        await ROSTER.decide_blacklisting(lifting, own, "示例核对", is_approved=True)
    assert (await blacklisting(number)).state == "approved"
    assert await scalar("SELECT count(*) FROM host_contract") == 0
