"""A household says yes by phone or on the sheet that it signed, or no: then the row is held until that is settled."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from PIL import Image
from tortoise.exceptions import BaseORMException

from accounts.actors import Auditor
from accounts.errors import TooManyViews
from accounts.service import AccessLogs
from content.errors import StorageUnavailable
from content.evidence.errors import EvidenceLinked, EvidenceTaken, EvidenceUnknown
from content.evidence.models import EvidenceKind
from content.evidence.service import EvidenceLimits, evidence_of, link_evidence, link_sheet_anew
from integrations.object_storage.folder import FolderStorage
from kit.database import execute, rows, scalar
from kit.encryption import FieldUnreadable
from kit.errors import Conflict
from kit.imaging import PictureInvalid
from kit.pdf_files import PdfRefused
from poverty_alleviation.confirming.confirmations import (
    CallDraft,
    statement_standing,
)
from poverty_alleviation.confirming.disputes import Disputes
from poverty_alleviation.confirming.errors import (
    ConfirmationTooEarly,
    DisputedRowUnknown,
    SheetDecided,
    SheetUnknown,
)
from poverty_alleviation.confirming.models import (
    SHEET_TRANSITIONS,
    CallAnswer,
    SheetState,
)
from poverty_alleviation.confirming.sheets import sheet_cards
from poverty_alleviation.errors import ProofInvalid, ProvedUnknown, ViewNotPermitted
from poverty_alleviation.proofs import Proofs, Proved
from poverty_alleviation.statements.errors import StatementUnknown
from poverty_alleviation.unmasking import Viewing, ViewingPurpose
from tests.content.paint import paint, with_place
from tests.orders.papers import plain_pdf
from tests.poverty_alleviation.conftest import OFFICER, SECOND, County, balances
from tests.poverty_alleviation.said import (
    CONFIRMED,
    LOOK,
    OTHER,
    PAID,
    SCRIPT,
    call,
    code_alone,
    confirmations,
    files_of,
    looked,
    payout_of,
    photograph,
    sheets_of,
    statements,
)
from tests.poverty_alleviation.test_statements import JANUARY, PRINTER, kept, statements_of, try_out


async def test_a_photographed_sheet_files_itself_and_confirms_once_a_person_has_seen_it(
    county: County, tmp_path: Path
) -> None:
    """Fails when the code is read from a picture of the size of a product's: tried (EDGE 700)."""
    first, second = await statements(county)
    sheets = sheets_of(county, tmp_path)
    raw = await photograph(county, first)
    (taken,) = await sheets.take([raw], OFFICER)
    assert (taken.state, taken.statement, taken.refused) == (SheetState.FILED, first, None)
    assert taken.number is not None
    assert (await balances())[PAID] == -872, "a photograph alone confirms nothing"
    await looked(county, tmp_path, taken.number)
    done = await sheets.accept(taken.number, date(2027, 1, 6), "四方已签", OFFICER)
    assert (done.confirmed, done.held) == (1, 0)
    found = await balances()
    assert found[CONFIRMED] == -872
    assert PAID not in found
    standing = await statement_standing(first, with_words=True)
    assert [each.confirmed_at for each in standing.paid] == [standing.paid[0].confirmed_at]
    assert [(each.number, each.state, each.signed_on) for each in standing.sheets] == [
        (taken.number, SheetState.ACCEPTED, "2027-01-06")
    ]
    noted = await kept("SELECT kind, evidence FROM income_confirmation")
    assert noted == [{"kind": "signed_statement", "evidence": f"{first} {taken.number}"}]
    assert (await balances())[("2101", "示例H2", "paid")] == -1200, "the neighbour's rows wait for its own word"
    assert (await evidence_of("household_statement", [first, second]))[0].number == taken.number


async def test_what_is_kept_of_a_photograph_is_sealed_and_says_no_place(county: County, tmp_path: Path) -> None:
    await statements(county)
    files = files_of(county, tmp_path)
    raw = with_place()
    assert b"SECRETMAKER" in raw
    number = await files.take(await files.encode(raw), EvidenceKind.VISIT_PHOTO, OFFICER, ("payout", "P1"))
    (stored,) = tmp_path.glob("private/*/*")  # noqa: ASYNC240
    sealed = stored.read_bytes()
    assert b"\xff\xd8\xff" not in sealed[:200]
    assert stored.suffix == ".bin"
    opened = await files.open(number)
    assert opened.startswith(b"\xff\xd8\xff")
    for word in (b"SECRETMAKER", b"SECRETCOMMENT", b"Exif"):
        assert word not in opened
    with Image.open(BytesIO(opened)) as picture:
        assert dict(picture.getexif()) == {}
    stored.write_bytes(sealed[:-1] + bytes([sealed[-1] ^ 1]))
    with pytest.raises(FieldUnreadable):
        await files.open(number)
    stored.unlink()
    with pytest.raises(EvidenceUnknown):
        await files.open(number)
    for attack in (
        "UPDATE evidence SET sha256 = 'a' WHERE number = $1",
        "UPDATE evidence SET subject_number = 'P2' WHERE number = $1",
        "DELETE FROM evidence WHERE number = $1",
    ):
        with pytest.raises((BaseORMException, asyncpg.PostgresError)):
            await execute(attack, number)
    with pytest.raises(EvidenceLinked):
        await link_evidence(number, "payout", "P2")
    with pytest.raises(EvidenceUnknown):
        await link_sheet_anew(number, "payout", "P2")


async def test_the_same_photograph_is_taken_once_whatever_hangs_on_it(county: County, tmp_path: Path) -> None:
    """Fails when the digest is that of the bytes that came: tried."""
    first, _ = await statements(county)
    sheets = sheets_of(county, tmp_path)
    raw = await photograph(county, first)
    (taken,) = await sheets.take([raw], OFFICER)
    stripped = raw[:2] + b"\xff\xfe\x00\x07again" + raw[2:]
    for same in (raw, stripped):
        (again,) = await sheets.take([same], SECOND)
        assert (again.refused, again.number, again.state) == ("evidence_taken", taken.number, None)
    assert await scalar("SELECT count(*) FROM evidence") == 1
    several = await asyncio.gather(*[sheets.take([paint()], OFFICER) for _ in range(4)])
    assert sorted(str(each[0].refused) for each in several) == ["None"] + ["evidence_taken"] * 3
    assert len(await kept("SELECT 1 FROM statement_sheet")) == 2


async def test_who_died_between_the_photograph_and_its_row_is_helped_by_the_same_photograph(
    county: County, tmp_path: Path
) -> None:
    first, _ = await statements(county)
    sheets = sheets_of(county, tmp_path)
    raw = await photograph(county, first)

    (tmp_path / "full").write_bytes(b"")
    broken = FolderStorage(tmp_path / "full")
    with pytest.raises(StorageUnavailable):
        await replace(sheets, files=replace(sheets.files, storage=broken)).take([raw], OFFICER)
    assert await evidence_of("household_statement", [first]) == []
    await sheets.files.take(await sheets.files.encode(raw), EvidenceKind.SIGNED_STATEMENT, OFFICER, None)
    (taken,) = await sheets.take([raw], SECOND)
    assert (taken.state, taken.statement) == (SheetState.FILED, first)


async def test_what_no_code_files_waits_for_a_person(county: County, tmp_path: Path) -> None:
    """Codes of others, unknown ones, two statements at once, none. Fails when the host is not looked at: tried."""
    first, second = await statements(county)
    sheets, token = sheets_of(county, tmp_path), statements_of(county).token(first)
    pictures = [
        code_alone(f"https://elsewhere.example/h/{token}"),
        code_alone(f"https://longchuan.example/h/{'x' * 32}"),
        code_alone(f"https://longchuan.example/h/{token}/../x"),
        await photograph(county, first, second),
        paint(),
    ]
    taken = await sheets.take(pictures, OFFICER)
    assert [(each.state, each.statement) for each in taken] == [(SheetState.UNREAD, None)] * 5
    waiting, _ = await sheet_cards(SheetState.UNREAD, None, 3)
    assert [card.number for card in waiting] == [each.number for each in taken[:3]]
    number = str(taken[3].number)
    with pytest.raises(StatementUnknown):
        await sheets.file(number, "T404", OFFICER)
    await sheets.file(number, second, SECOND)
    (card,), _ = await sheet_cards(SheetState.FILED, None, 10)
    assert (card.number, card.statement, card.household, card.filed_by) == (number, second, "示例H2", SECOND)
    await sheets.reject(str(taken[4].number), "不是签字页", OFFICER)
    with pytest.raises(SheetUnknown):
        await sheets.reject("X", "不是签字页", OFFICER)


async def test_hostile_files_are_refused_one_by_one_and_the_others_are_taken(county: County, tmp_path: Path) -> None:
    first, _ = await statements(county)
    sheets = sheets_of(county, tmp_path)
    noise = random.Random(4711).randbytes(5000)
    hostile = [b"", b"%PDF-1.7", noise, b"\xff\xd8\xff" + noise, paint()[:900], paint("PNG")[:-40] + noise]
    taken = await sheets.take([*hostile, await photograph(county, first, angle=181, quality=40)], OFFICER)
    assert {each.refused for each in taken[:4]} == {"picture_invalid"}
    assert (taken[6].place, taken[6].statement) == (6, first)
    small = replace(sheets, files=replace(sheets.files, limits=EvidenceLimits(max_bytes=1000, max_pixels=100)))
    assert [each.refused for each in await small.take([paint()], OFFICER)] == ["picture_too_large"]


async def test_a_call_confirms_what_is_paid_and_nothing_else(county: County) -> None:
    first, second = await statements(county)
    room = confirmations(county)
    for answer in (CallAnswer.NOT_REACHED, CallAnswer.DISAGREED):
        assert (await room.record_call(first, call(county, answer), OFFICER)).confirmed == 0
    assert (await balances())[PAID] == -872
    for moment in (county.now + timedelta(seconds=1), JANUARY - timedelta(days=1)):
        with pytest.raises(ConfirmationTooEarly):
            await room.record_call(first, CallDraft(called_at=moment, script=SCRIPT, answer=CallAnswer.AGREED), OFFICER)
    done = await room.record_call(first, call(county), OFFICER)
    assert (done.confirmed, done.held) == (1, 0)
    again = await room.record_call(first, call(county), OFFICER)
    assert (again.confirmed, again.held) == (0, 0)
    assert (await room.record_call(second, call(county), OFFICER)).confirmed == 1
    found = await balances()
    assert (found[CONFIRMED], found[("2101", "示例H2", "confirmed")]) == (-872, -1200)
    standing = await statement_standing(first, with_words=True)
    assert [each.answer for each in standing.calls] == ["not_reached", "disagreed", "agreed", "agreed"]
    assert {each.script for each in standing.calls} == {SCRIPT}
    assert {each.script for each in (await statement_standing(first, with_words=False)).calls} == {None}
    with pytest.raises(StatementUnknown):
        await room.record_call("T404", call(county), OFFICER)
    with pytest.raises((BaseORMException, asyncpg.PostgresError)):
        await try_out("UPDATE statement_call SET answer = 'agreed' WHERE number = $1", done.number)


async def test_a_word_of_yes_and_one_of_no_at_once_never_both_hold(county: County) -> None:
    """Fails without the lock of the source: tried."""
    first, _ = await statements(county)
    room, payout, disputes = confirmations(county), await payout_of(county), Disputes(county.clock)

    async def outcome(saying: Any) -> str:
        try:
            await saying
        except Conflict as refused:
            return refused.code
        except DisputedRowUnknown:
            return "confirmed before"
        return "done"

    await asyncio.gather(
        *[outcome(room.record_call(first, call(county), OFFICER)) for _ in range(3)],
        *[outcome(disputes.open("示例H1", [payout], "不对", OFFICER)) for _ in range(3)],
    )
    (row,) = await kept(
        "SELECT (SELECT count(*) FROM income_confirmation) AS yes,"
        " (SELECT count(*) FROM disputed_row WHERE released_at IS NULL) AS no"
    )
    assert row["yes"] + row["no"] == 1, row


async def test_every_pair_of_states_of_a_sheet_moves_as_the_table_says(county: County, tmp_path: Path) -> None:
    first, _ = await statements(county)
    sheets = sheets_of(county, tmp_path)

    async def accept(number: str) -> None:
        await looked(county, tmp_path, number)
        await sheets.accept(number, date(2027, 1, 6), "", OFFICER)

    acts: dict[SheetState, Callable[[str], Any]] = {
        SheetState.FILED: lambda number: sheets.file(number, first, OFFICER),
        SheetState.ACCEPTED: accept,
        SheetState.REJECTED: lambda number: sheets.reject(number, "看不清", OFFICER),
    }
    ways = {
        SheetState.UNREAD: (), SheetState.FILED: (SheetState.FILED,),
        SheetState.ACCEPTED: (SheetState.FILED, SheetState.ACCEPTED), SheetState.REJECTED: (SheetState.REJECTED,),
    }  # fmt: skip
    shade = 0
    for state, way in ways.items():
        for to, act in acts.items():
            shade += 5
            (taken,) = await sheets.take([paint(colour=(shade, 90, 90))], OFFICER)
            number = str(taken.number)
            for step in way:
                await acts[step](number)
            if to in SHEET_TRANSITIONS[state]:
                await act(number)
            else:
                with pytest.raises(SheetDecided):
                    await act(number)
            found = await kept("SELECT state FROM statement_sheet WHERE number = $1", number)
            assert found == [{"state": to if to in SHEET_TRANSITIONS[state] else state}]
    (taken,) = await sheets.take([paint(colour=(9, 9, 200))], OFFICER)
    await sheets.file(str(taken.number), first, OFFICER)
    await looked(county, tmp_path, str(taken.number))
    with pytest.raises(ConfirmationTooEarly):
        await sheets.accept(str(taken.number), date(2026, 12, 31), "", OFFICER)


async def test_a_photograph_proves_a_record_and_is_opened_after_the_look_is_on_record(
    county: County, tmp_path: Path
) -> None:
    await statements(county)
    proofs = Proofs(files_of(county, tmp_path), AccessLogs(county.clock))
    payout = (await payout_of(county)).source_id
    number = await proofs.take(paint(), EvidenceKind.BANK_SLIP, Proved.PAYOUT, payout, OFFICER)
    assert [each.number for each in await evidence_of("payout", [payout])] == [number]
    with pytest.raises(EvidenceTaken):
        await proofs.take(paint(), EvidenceKind.CONTRACT, Proved.PAYOUT, payout, OFFICER)
    with pytest.raises(ProvedUnknown):
        await proofs.take(paint(colour=(1, 2, 3)), EvidenceKind.BANK_SLIP, Proved.PAYOUT, "P404", OFFICER)
    with pytest.raises(ProofInvalid):
        await proofs.take(paint(), EvidenceKind.SIGNED_STATEMENT, Proved.PAYOUT, payout, OFFICER)
    with pytest.raises(PictureInvalid):
        await proofs.take(b"GIF89a", EvidenceKind.BANK_SLIP, Proved.PAYOUT, payout, OFFICER)
    for proved in Proved:
        with pytest.raises(ProvedUnknown):
            await proofs.take(paint(), EvidenceKind.BANK_SLIP, proved, "X404", OFFICER)
    auditor = Auditor(caller="staff:auditor", id=2, number="auditor", name="示例审计")
    with pytest.raises(EvidenceUnknown):
        await proofs.look(auditor, number, Viewing(ViewingPurpose.EVIDENCE, "审计"))
    with pytest.raises(ViewNotPermitted):
        await proofs.look(PRINTER, number, Viewing(ViewingPurpose.VISIT, "核对回单"))
    before = await scalar("SELECT count(*) FROM access_log")
    assert (await proofs.look(PRINTER, number, LOOK)).startswith(b"\xff\xd8")
    noted = await rows("SELECT subject, purpose, document FROM access_log ORDER BY id DESC LIMIT 1")
    assert noted == [{"subject": f"evidence:{number}", "purpose": "evidence", "document": "核对回单"}]
    assert await scalar("SELECT count(*) FROM access_log") == before + 1
    paper = await proofs.take(
        paint(colour=(3, 2, 1)), EvidenceKind.CONTRACT, Proved.BENEFIT_CONTRACT, county.contract, OFFICER
    )
    assert (await proofs.look(auditor, paper, LOOK)).startswith(b"\xff\xd8")


async def test_looks_at_photographs_are_counted_like_every_other(county: County, tmp_path: Path) -> None:
    """Fails when they are on record without their document: tried."""
    await statements(county)
    proofs = Proofs(files_of(county, tmp_path), AccessLogs(county.clock, 2))
    payout = (await payout_of(county)).source_id
    number = await proofs.take(paint(), EvidenceKind.BANK_SLIP, Proved.PAYOUT, payout, OFFICER)
    for _ in range(2):
        await proofs.look(OTHER, number, LOOK)
    with pytest.raises(TooManyViews):
        await proofs.look(OTHER, number, LOOK)


async def test_a_paper_as_pdf_is_kept_sealed_as_it_came(county: County, tmp_path: Path) -> None:
    """Fails when a PDF is not looked into before it is kept: tried."""
    await statements(county)
    proofs = Proofs(files_of(county, tmp_path), AccessLogs(county.clock))
    payout = (await payout_of(county)).source_id
    raw = plain_pdf(b"% bank slip")
    number = await proofs.take(raw, EvidenceKind.BANK_SLIP, Proved.PAYOUT, payout, OFFICER)
    assert await proofs.look(PRINTER, number, LOOK) == raw
    sealed = await proofs.files.storage.get(await scalar("SELECT stored_key FROM evidence WHERE number = $1", number))
    assert sealed is not None
    assert b"%PDF" not in sealed
    with pytest.raises(EvidenceTaken):
        await proofs.take(raw, EvidenceKind.CONTRACT, Proved.PAYOUT, payout, OFFICER)
    for bad in (
        plain_pdf(b"<< /S /JavaScript /JS (app.alert(1)) >>"),
        plain_pdf(b"<< /Type /EmbeddedFile >>"),
        raw[:-7],
    ):
        with pytest.raises(PdfRefused):
            await proofs.take(bad, EvidenceKind.BANK_SLIP, Proved.PAYOUT, payout, OFFICER)
    (sheet,) = await sheets_of(county, tmp_path).take([raw], OFFICER)
    assert sheet.refused is not None, "a sheet is a photograph"
