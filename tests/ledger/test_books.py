"""The books refuse what is wrong, repeat nothing, forget nothing, and prove it."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import asyncpg
import pytest
from tortoise.exceptions import BaseORMException

from kit.database import execute, row, rows, scalar, transaction
from ledger.chart import BANK, CLEARING, HOUSEHOLD, MERCHANT, SALES_CONTRA, State
from ledger.errors import AccountUnknown, AlreadyReversed, JournalUnbalanced, JournalUnknown
from ledger.jobs import seal_journals
from ledger.queries import posted, totals_off, trial_balance, unbalanced_journals, verify_chain
from ledger.service import Entry, JournalDraft, Journals, Sealer, reversal
from tests.superuser import as_superuser

AT = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)
JOURNALS = Journals()
# A check at commit comes as the driver's own error, one inside the transaction as Tortoise's.
REFUSED = (BaseORMException, asyncpg.PostgresError)


def sale(number: int, fen: int = 1_000, booked_at: datetime = AT) -> JournalDraft:
    return JournalDraft(
        source_type="test.sale",
        source_id=f"S{number}",
        occurred_at=AT,
        booked_at=booked_at,
        entries=[
            Entry(CLEARING, "wechat_miniprogram", fen, subject=f"S{number}"),
            Entry(HOUSEHOLD, "示例01", 0, State.ACCRUED),
            Entry(HOUSEHOLD, "示例01", -(fen - 1), State.ACCRUED, "production", f"S{number}", "R-1", "L1/I1"),
            Entry(MERCHANT, "M1", -1, State.ACCRUED, subject=f"S{number}"),
        ],
    )


async def write(draft: JournalDraft) -> bool:
    async with transaction():
        return await JOURNALS.post(draft)


@pytest.mark.usefixtures("database")
async def test_a_replay_posts_nothing_more() -> None:
    assert await write(sale(1))
    assert not await write(sale(1))
    assert not await write(sale(1, fen=5))
    found = await posted(["S1"])
    assert [(p.code, p.owner, p.state, p.category, p.rule, p.contribution, p.amount_fen) for p in found] == [
        ("1101", "wechat_miniprogram", "", "", "", "", 1_000),
        ("2101", "示例01", "accrued", "production", "R-1", "L1/I1", -999),
        ("2103", "M1", "accrued", "", "", "", -1),
    ]


@pytest.mark.usefixtures("database")
async def test_an_account_that_another_opens_meanwhile_is_the_same() -> None:
    wanted = [("2101", "示例01", "earned", "production"), ("9101", "示例01", "earned", "")]
    opened, may_end = asyncio.Event(), asyncio.Event()

    async def first() -> list[int]:
        async with transaction():
            found = await JOURNALS.account_ids(wanted)
            opened.set()
            await may_end.wait()
        return found

    async def second() -> list[int]:
        await opened.wait()
        async with transaction():
            return await JOURNALS.account_ids(wanted[::-1])

    async def end_first() -> None:
        await opened.wait()
        for _ in range(1_000):
            if await scalar("SELECT count(*) FROM pg_locks WHERE NOT granted"):
                break
            await asyncio.sleep(0.01)
        may_end.set()

    mine, others, _ = await asyncio.gather(first(), second(), end_first())
    assert mine == others[::-1]
    assert [each["book"] for each in await rows("SELECT book FROM ledger_account ORDER BY code")] == [
        "cash",
        "statistics",
    ]


@pytest.mark.usefixtures("database")
async def test_many_workers_posting_the_same_and_different_things_at_once() -> None:
    answers = await asyncio.gather(*(write(sale(i % 12)) for i in range(120)))
    assert sum(answers) == 12
    assert await scalar("SELECT count(*) FROM ledger_posting") == 36
    assert sum(account.balance_fen for account in await trial_balance()) == 0


@pytest.mark.usefixtures("database")
async def test_an_unbalanced_journal_is_refused_before_the_database_sees_it() -> None:
    with pytest.raises(JournalUnbalanced):
        await write(replace(sale(1), entries=[Entry(CLEARING, "c", 5), Entry(MERCHANT, "m", -4)]))
    with pytest.raises(JournalUnbalanced, match="cash"):  # one book may not balance the other
        await write(replace(sale(1), entries=[Entry(CLEARING, "c", 5), Entry(SALES_CONTRA, "m", -5)]))
    with pytest.raises(JournalUnbalanced):
        await write(replace(sale(1), entries=[]))
    with pytest.raises(AccountUnknown):
        await write(replace(sale(1), entries=[Entry("7777", "c", 5), Entry(MERCHANT, "m", -5)]))
    with pytest.raises(RuntimeError, match="transaction"):
        await JOURNALS.post(sale(1))
    assert await scalar("SELECT count(*) FROM ledger_journal") == 0


async def _insert_by_hand(amounts: list[tuple[str, int]], announced: int) -> None:
    async with transaction():
        for code in {code for code, _ in amounts}:
            await execute(
                "INSERT INTO ledger_account (book, code, owner, state, category) VALUES ($1, $2, 'x', '', '')",
                "statistics" if code.startswith("9") else "cash",
                code,
            )
        await execute(
            "WITH journal AS (INSERT INTO ledger_journal (period, source_type, source_id, rule, step, occurred_at,"
            " booked_at, note, posting_count) VALUES ('2026-11', 'hand', 'h', '', 0, $1, $1, '', $2) RETURNING id)"
            " INSERT INTO ledger_posting (journal_id, account_id, subject, rule, contribution, amount_fen)"
            " SELECT journal.id, a.id, '', '', '', fen FROM journal, unnest($3::text[], $4::bigint[]) AS w (code, fen)"
            " JOIN ledger_account a USING (code)",
            AT,
            announced,
            [code for code, _ in amounts],
            [amount for _, amount in amounts],
        )


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("amounts", "announced"),
    [
        ([("1101", 5), ("2103", -4)], 2),
        ([("1101", 5), ("9100", -5)], 2),
        ([("1101", 5), ("2103", -5)], 3),
        ([("1101", 5), ("2103", -5), ("1102", 1), ("2105", -1)], 2),
        ([], 2),
        ([("1101", 5)], 1),
    ],
    ids=[
        "one fen off",
        "across the books",
        "one missing",
        "two more than announced",
        "empty",
        "a single posting",
    ],
)
async def test_the_database_itself_refuses(amounts: list[tuple[str, int]], announced: int) -> None:
    with pytest.raises(REFUSED):
        await _insert_by_hand(amounts, announced)
    assert await scalar("SELECT count(*) FROM ledger_journal") == 0


@pytest.mark.usefixtures("database")
async def test_the_same_insert_by_hand_is_taken_when_it_balances() -> None:
    await _insert_by_hand([("1101", 5), ("2103", -5)], 2)
    assert await scalar("SELECT count(*) FROM ledger_posting") == 2


@pytest.mark.usefixtures("database")
async def test_a_journal_never_waits_for_its_postings() -> None:
    """Not even within a transaction: the guards check it when the statement that wrote it ends."""
    with pytest.raises(BaseORMException, match="0 of 2 postings"):
        await _insert_by_hand([], 2)


@pytest.mark.usefixtures("database")
async def test_a_journal_stands_on_accounts_that_exist() -> None:
    """No foreign key says so (decision 0070): what stands on no account is not counted, so the journal is not whole."""
    with pytest.raises(BaseORMException, match="1 of 2 postings"):
        await execute(
            "WITH account AS (INSERT INTO ledger_account (book, code, owner, state, category)"
            " VALUES ('cash', '1101', 'x', '', '') RETURNING id), journal AS (INSERT INTO ledger_journal (period,"
            " source_type, source_id, rule, step, occurred_at, booked_at, note, posting_count)"
            " VALUES ('2026-11', 'hand', 'h', '', 0, $1, $1, '', 2) RETURNING id)"
            " INSERT INTO ledger_posting (journal_id, account_id, subject, rule, contribution, amount_fen)"
            " SELECT journal.id, unnest(ARRAY[account.id, -1]), '', '', '', unnest(ARRAY[5, -5]) FROM journal, account",
            AT,
        )


@pytest.mark.usefixtures("database")
async def test_many_journals_are_written_as_one_and_a_wrong_one_takes_all_with_it() -> None:
    """A batch is one statement: whoever has posted a source before, or twice in it, is left out."""
    async with transaction():
        assert await JOURNALS.post_many([sale(3), sale(1), sale(3, fen=5), sale(2)]) == 3
        assert await JOURNALS.post_many([sale(2), sale(4)]) == 1
        assert await JOURNALS.post_many([]) == 0
    assert sum(p.amount_fen for p in await posted(["S1", "S2", "S3", "S4"])) == 0
    assert [p.amount_fen for p in await posted(["S3"])] == [1_000, -999, -1]
    off = replace(sale(6), entries=[Entry(CLEARING, "c", 5), Entry(MERCHANT, "m", -4)])
    object.__setattr__(off, "check", lambda: None)
    with pytest.raises(BaseORMException, match="off by 1 and 0 fen"):
        async with transaction():
            await JOURNALS.post_many([sale(5), off])
    assert await scalar("SELECT count(*) FROM ledger_journal") == 4


@pytest.mark.usefixtures("database")
async def test_totals_are_what_is_sealed_and_readers_add_the_rest() -> None:
    """The trial balance is the same before, between and after the seals."""
    for i in range(4):
        await write(replace(sale(i), occurred_at=datetime(2026, 10 + i % 2, 5, tzinfo=UTC)))
    whole = await trial_balance()
    assert await scalar("SELECT count(*) FROM ledger_total") == 0
    for _ in range(2):
        await Sealer().seal(limit=3)
        assert await trial_balance() == whole
        assert (await totals_off("2026-10"), await totals_off("2026-11")) == (0, 0)
    for period, times in (("2026-10", 2), ("2026-11", 2), ("", 4)):
        found = await rows(
            "SELECT a.code, t.debit_fen, t.credit_fen, t.postings FROM ledger_total t"
            " JOIN ledger_account a ON a.id = t.account_id WHERE t.period = $1 ORDER BY 1",
            period,
        )
        assert [list(each.values()) for each in found] == [
            ["1101", 1_000 * times, 0, times],
            ["2101", 0, 999 * times, times],
            ["2103", 0, times, times],
        ]


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE ledger_total SET credit_fen = credit_fen + 1",
        "DELETE FROM ledger_total",
        "INSERT INTO ledger_total (account_id, period, debit_fen, credit_fen, postings)"
        " SELECT id, '2026-01', 1, 0, 1 FROM ledger_account",
    ],
)
async def test_the_application_may_only_read_totals(attack: str) -> None:
    await write(sale(1))
    await Sealer().seal()
    with pytest.raises(BaseORMException, match="permission denied"):
        await execute(attack)
    await as_superuser("UPDATE ledger_total SET credit_fen = credit_fen + 1 WHERE period <> '' AND debit_fen = 0")
    assert await totals_off("2026-11") == 2


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE ledger_posting SET amount_fen = amount_fen * 2",
        "DELETE FROM ledger_posting",
        "TRUNCATE ledger_posting",
        "DELETE FROM ledger_journal",
        "TRUNCATE ledger_journal CASCADE",
        "UPDATE ledger_account SET owner = 'mine'",
        "DELETE FROM ledger_account",
        "TRUNCATE ledger_account CASCADE",
        "UPDATE ledger_journal SET occurred_at = now()",
        "UPDATE ledger_journal SET seq = 9, prev_hash = 'a', hash = 'b', note = 'x' WHERE source_id = 'S2'",
        "UPDATE ledger_journal SET hash = 'b', prev_hash = 'c' WHERE source_id = 'S1'",
        "UPDATE ledger_journal SET hash = NULL, prev_hash = NULL, seq = NULL WHERE source_id = 'S1'",
        "INSERT INTO ledger_posting (journal_id, account_id, subject, rule, contribution, amount_fen)"
        " SELECT journal_id, account_id, '', '', '', f FROM ledger_posting, unnest(ARRAY[7, -7]) AS f"
        " WHERE subject = 'S2' AND amount_fen = 1000",
        "INSERT INTO ledger_posting (journal_id, account_id, subject, rule, contribution, amount_fen)"
        " SELECT -1, account_id, '', '', '', f FROM ledger_posting, unnest(ARRAY[7, -7]) AS f",
        "INSERT INTO ledger_posting (journal_id, account_id, subject, rule, contribution, amount_fen)"
        " SELECT journal_id, -1, '', '', '', f FROM ledger_posting, unnest(ARRAY[7, -7]) AS f",
    ],
)
async def test_nothing_that_was_written_can_be_changed(attack: str) -> None:
    await write(sale(1))
    await Sealer().seal()
    await write(sale(2))
    before = (
        await rows("SELECT * FROM ledger_posting ORDER BY id"),
        await rows("SELECT * FROM ledger_journal"),
    )
    with pytest.raises(REFUSED):
        await execute(attack)
    assert (
        await rows("SELECT * FROM ledger_posting ORDER BY id"),
        await rows("SELECT * FROM ledger_journal"),
    ) == before
    # And by a role that has every right: there the guards alone stand.
    with pytest.raises(asyncpg.PostgresError):
        await as_superuser(attack)


@pytest.mark.usefixtures("database")
async def test_a_journal_cannot_arrive_sealed() -> None:
    with pytest.raises(BaseORMException, match="sealed after"):
        await execute(
            "INSERT INTO ledger_journal (period, source_type, source_id, rule, step,"
            " occurred_at, booked_at, note,"
            " posting_count, seq, prev_hash, hash) VALUES ('2026-11', 'h', 'h', '', 0, $1, $1,"
            " '', 2, 1, 'a', 'b')",
            AT,
        )


@pytest.mark.usefixtures("database")
async def test_seals_are_numbered_without_gaps_and_chained_with_many_sealers_at_once() -> None:
    await asyncio.gather(*(write(sale(i)) for i in range(30)))
    assert (await verify_chain())[0].unsealed == 30
    sealed = await asyncio.gather(*(Sealer().seal(limit=7) for _ in range(8)))
    while await Sealer().seal(limit=7):
        pass
    assert sum(sealed) <= 30
    numbers = await rows("SELECT seq FROM ledger_journal ORDER BY seq")
    assert [n["seq"] for n in numbers] == list(range(1, 31))
    (report,) = await verify_chain()
    assert (report.sealed, report.unsealed, report.broken_at) == (30, 0, None)
    assert await seal_journals(Sealer()) == 0


@pytest.mark.usefixtures("database")
async def test_the_chain_shows_the_first_journal_that_somebody_forged_behind_the_guards() -> None:
    for i in range(5):
        await write(sale(i))
    await seal_journals(Sealer())
    await as_superuser(
        "SET session_replication_role = replica",  # a superuser switches every trigger off
        "UPDATE ledger_posting SET amount_fen = amount_fen + sign(amount_fen)::int WHERE subject = 'S2'"
        " AND abs(amount_fen) > 1",
    )
    (report,) = await verify_chain()
    assert report.broken_at == 3
    assert await unbalanced_journals() == 0  # the forger kept the balance; the hash tells all the same


@pytest.mark.usefixtures("database")
async def test_a_journal_is_taken_back_once() -> None:
    await write(sale(1))
    await write(await reversal("test.sale", "S1", AT, "误记 (a; b)"))
    assert await posted(["S1"]) == []
    with pytest.raises(AlreadyReversed):
        await reversal("test.sale", "S1", AT, "误记 (a; b)")
    with pytest.raises(JournalUnknown):
        await reversal("test.sale", "S2", AT, "误记 (a; b)")
    await seal_journals(Sealer())
    assert all(report.broken_at is None for report in await verify_chain())
    found = await row("SELECT note FROM ledger_journal WHERE reverses_id IS NOT NULL")
    assert found == {"note": "误记 (a; b)"}


@pytest.mark.usefixtures("database")
async def test_a_reversal_in_a_later_month_names_the_period_it_corrects() -> None:
    await write(sale(1, booked_at=datetime(2026, 10, 31, 15, 59, tzinfo=UTC)))
    midnight = datetime(2026, 10, 31, 16, 0, tzinfo=UTC)  # in China
    await write(await reversal("test.sale", "S1", midnight, "误记 (a; b)"))
    found = await rows("SELECT period, corrects_period FROM ledger_journal ORDER BY id")
    assert found == [
        {"period": "2026-10", "corrects_period": None},
        {"period": "2026-11", "corrects_period": "2026-10"},
    ]


@pytest.mark.usefixtures("database")
async def test_the_trial_balance_is_zero_in_each_book() -> None:
    await write(sale(1))
    await write(
        JournalDraft(
            source_type="test.settled",
            source_id="1",
            occurred_at=AT,
            booked_at=AT,
            entries=[Entry(BANK, "wechat_miniprogram", 994), Entry(CLEARING, "wechat_miniprogram", -994)],
        )
    )
    accounts = {(a.code, a.owner): a for a in await trial_balance()}
    assert accounts["1101", "wechat_miniprogram"].balance_fen == 6
    assert accounts["1101", "wechat_miniprogram"].name == "支付清算"
    assert sum(a.balance_fen for a in accounts.values()) == 0
