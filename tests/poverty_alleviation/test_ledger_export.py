"""The export of the books, and a verifier that needs nothing but the file: every kind of tampering is told."""

import json
import random
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import Any

import pytest
from tortoise.exceptions import BaseORMException

from content.errors import StorageUnavailable
from integrations.anchor_signing.ed25519 import Ed25519Signer
from integrations.object_storage.folder import FolderStorage
from kit.clock import china_day, utc_now
from kit.database import execute, scalar, transaction
from ledger.anchors import Anchors, anchor_page, storage_key
from ledger.chain import FIRST
from ledger.export import export_pieces, journal_page
from ledger.jobs import anchor_days, seal_journals
from ledger.service import Journals, Sealer, reversal
from poverty_alleviation.income.models import AgreementKind
from server.database import ROOT
from tests.poverty_alleviation.conftest import OFFICER, County
from tests.poverty_alleviation.test_books_of_sales import announced
from tests.poverty_alleviation.test_month_close import NOVEMBER, a_month, signed
from tests.poverty_alleviation.test_period_income import agreed, approved, employed, payment, sheets
from traceability.models import IntakeMode

Document = dict[str, Any]
VERIFIER = ROOT / "scripts" / "verify_ledger"
HASHED = ("period", "seq", "source_type", "source_id", "rule", "step", "note", "corrects_period", "reverses",
          "occurred_at", "booked_at", "postings")  # fmt: skip


def run(file: Path, *more: str) -> tuple[int, str]:
    """The verifier as an auditor would run it: no package, no environment."""
    command = [sys.executable, "-I", "-S", str(VERIFIER), str(file), *more]
    done = subprocess.run(command, capture_output=True, text=True, env={}, check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout


def verify(lines: list[Document], folder: Path, *more: str, ended: bool = True) -> tuple[int, str]:
    """The same for an export of these lines with a right last one."""
    body = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    end = {"kind": "end", "lines": len(lines), "sha256": sha256(body.encode()).hexdigest()}
    file = folder / "export.jsonl"
    file.write_text(body + (json.dumps(end) + "\n" if ended else ""))
    return run(file, *more)


async def exported() -> list[Document]:
    """The lines of a real export but the last, which is checked here."""
    raw = b"".join([piece async for piece in export_pieces(utc_now())])
    *lines, end = raw.splitlines(keepends=True)
    assert json.loads(end) == {"kind": "end", "lines": len(lines), "sha256": sha256(b"".join(lines)).hexdigest()}
    return [json.loads(line) for line in lines]


async def out_of_the_payers_own_pocket(county: County) -> None:
    """A wage of November, and a dividend that is taken back in it."""
    later, county.now = county.now, datetime(2026, 11, 30, 8, tzinfo=UTC)
    paid, desk = payment(county, paid_on=date(2026, 11, 30)), sheets(county)
    await approved(county, await desk.propose_wages(paid, [(await employed(county), 120_000)], OFFICER))
    await agreed(county, "H1", kind=AgreementKind.SHARE, shares=1)
    wrong = await desk.propose_dividends(paid, date(2026, 11, 30), 5_000, OFFICER)
    await approved(county, wrong)
    await county.correct("period_income", f"{wrong}-1")
    county.now = later


@pytest.fixture
async def books(county: County) -> list[Document]:
    """A closed November with a sale, a payout, goods paid at the scale, a wage and a dividend that was taken back; an
    open December with a reversal.
    """
    await county.sealed_lot({"H1": 10_000}, IntakeMode.PAID_AT_SCALE)
    await county.tell(*await announced())
    await a_month(county)
    await out_of_the_payers_own_pocket(county)
    await county.payouts.record("示例H1", county.merchant, 872, "回单1", date(2026, 11, 30), OFFICER)
    await signed(county, await county.close.begin(NOVEMBER, OFFICER))
    await county.tell(county.paid("O5", net_fen=700))
    async with transaction():
        draft = await reversal("orders.order_paid", "O5", county.now, "录错 (staff:a; staff:b)")
        await Journals(county.clock).post(draft)
    await seal_journals(Sealer())
    return await exported()


def journals(lines: list[Document], period: str = NOVEMBER) -> list[Document]:
    return [line for line in lines if line["kind"] == "journal" and line["period"] == period]


def chained_anew(lines: list[Document]) -> None:
    """What somebody does who rewrites all hashes after a change, the manifest's included."""
    heads: dict[str, str] = {}
    for each in (line for line in lines if line["kind"] == "journal"):
        each["prev_hash"] = heads.get(each["period"], FIRST)
        text = json.dumps({name: each[name] for name in HASHED}, sort_keys=True, separators=(",", ":"),
                          ensure_ascii=False)  # fmt: skip
        each["hash"] = heads[each["period"]] = sha256((each["prev_hash"] + text).encode()).hexdigest()
    for month in lines[0]["periods"]:
        month["head"] = heads.get(month["period"])


async def test_whole_books_are_found_whole_from_the_file_alone(books: list[Document], tmp_path: Path) -> None:
    code, said = verify(books, tmp_path)
    assert (code, said.count("\n")) == (0, 1), said
    assert "2 months" in said
    assert "1 closed months" in said


async def test_pages_show_the_same_journals_as_the_export(books: list[Document]) -> None:
    paged, cursor = await journal_page(None, None, 2)
    while cursor:
        more, cursor = await journal_page(None, cursor, 2)
        paged += more
    wanted = [line for line in books if line["kind"] == "journal"]
    assert [(each.period, each.seq, each.hash) for each in paged] == [
        (w["period"], w["seq"], w["hash"]) for w in wanted
    ]
    only, _ = await journal_page("2026-12", None, 100)
    assert {each.period for each in only} == {"2026-12"}
    assert "示例户主" not in json.dumps(books, ensure_ascii=False), "a name of a household"


async def test_an_account_of_a_certificate_is_the_sum_of_its_journals(books: list[Document]) -> None:
    """Each total of the signed paper, found again journal by journal."""
    certificate = next(each for each in books if each["kind"] == "certificate")
    for total in json.loads(certificate["text"])["figures"]["accounts"]:
        found, cursor = await journal_page(NOVEMBER, None, 100, total["code"])
        assert cursor is None
        moved = [int(posting[8]) for each in found for posting in each.postings if posting[1] == total["code"]]
        assert all(any(posting[1] == total["code"] for posting in each.postings) for each in found)
        debit, credit = sum(fen for fen in moved if fen > 0), -sum(fen for fen in moved if fen < 0)
        assert (debit, credit) == (total["debit_fen"], total["credit_fen"]), total["code"]
    assert await journal_page(NOVEMBER, None, 100, "9999") == ([], None)


def amount(lines: list[Document]) -> None:
    journals(lines)[0]["postings"][0][8] += 1


def both_amounts(lines: list[Document]) -> None:
    postings = journals(lines)[0]["postings"]
    postings[0][8], postings[1][8] = postings[0][8] * 2, postings[1][8] * 2


def owner(lines: list[Document]) -> None:
    posting = next(p for j in journals(lines) for p in j["postings"] if p[2] == "示例H1")
    posting[2] = "示例H2"


def moment(lines: list[Document]) -> None:
    journals(lines)[0]["occurred_at"] = "2026-11-01T00:00:00.000000Z"


def note(lines: list[Document]) -> None:
    journals(lines)[0]["note"] = "另一份凭证"


def missing(lines: list[Document]) -> None:
    lines.remove(journals(lines)[1])


def last_missing(lines: list[Document]) -> None:
    lines.remove(journals(lines)[-1])


def swapped(lines: list[Document]) -> None:
    first, second = (lines.index(each) for each in journals(lines)[:2])
    lines[first], lines[second] = lines[second], lines[first]


def doubled(lines: list[Document]) -> None:
    lines.insert(lines.index(journals(lines)[0]), dict(journals(lines)[0]))


def account(lines: list[Document]) -> None:
    next(line for line in lines if line["kind"] == "account")["debit_fen"] += 1


def account_missing(lines: list[Document]) -> None:
    lines.remove(next(line for line in lines if line["kind"] == "account"))


def signed_text(lines: list[Document]) -> None:
    found = next(line for line in lines if line["kind"] == "certificate")
    found["text"] = found["text"].replace('"households":2', '"households":9')


def one_signature(lines: list[Document]) -> None:
    next(line for line in lines if line["kind"] == "certificate")["signatures"].pop()


def one_signer(lines: list[Document]) -> None:
    for each in next(line for line in lines if line["kind"] == "certificate")["signatures"]:
        each["signed_by"] = "staff:one"


def certificate_missing(lines: list[Document]) -> None:
    lines.remove(next(line for line in lines if line["kind"] == "certificate"))


def opened_again(lines: list[Document]) -> None:
    lines[0]["periods"][0]["state"] = "open"


def head(lines: list[Document]) -> None:
    lines[0]["periods"][1]["head"] = "0" * 64


def month_missing(lines: list[Document]) -> None:
    for each in journals(lines, "2026-12"):
        lines.remove(each)


def stranger(lines: list[Document]) -> None:
    lines.append({"kind": "remark", "text": "all is well"})


def member(lines: list[Document]) -> None:
    journals(lines)[0]["approved"] = True


# With every hash written anew, the chain itself says nothing any more.
def amount_anew(lines: list[Document]) -> None:
    amount(lines)
    chained_anew(lines)


def owner_anew(lines: list[Document]) -> None:
    owner(lines)
    for each in journals(lines):
        each["postings"].sort()
    chained_anew(lines)


def booked_twice_anew(lines: list[Document]) -> None:
    last = journals(lines, "2026-12")[-1]
    lines.insert(lines.index(last) + 1, {**last, "seq": last["seq"] + 1})
    lines[0]["periods"][1]["journals"] += 1
    chained_anew(lines)


def reversal_anew(lines: list[Document]) -> None:
    wrong = next(each for each in journals(lines, "2026-12") if each["reverses"])
    wrong["postings"] = sorted([*posting[:8], posting[8] * 2] for posting in wrong["postings"])
    chained_anew(lines)


def other_book_anew(lines: list[Document]) -> None:
    for posting in journals(lines, "2026-12")[0]["postings"]:
        posting[0] = "statistics"
    chained_anew(lines)


def correction_anew(lines: list[Document]) -> None:
    journals(lines, "2026-12")[0]["corrects_period"] = "2027-01"
    chained_anew(lines)


def late_entry_anew(lines: list[Document]) -> None:
    """A journal slipped into the closed month, everything fitted but the signed text."""
    last = journals(lines)[-1]
    lines.insert(lines.index(last) + 1, {**last, "seq": last["seq"] + 1, "source_id": "slipped-in"})
    lines[0]["periods"][0]["journals"] += 1
    chained_anew(lines)


TAMPERINGS: list[tuple[Callable[[list[Document]], None], str]] = [
    (amount, "the chain is broken"), (both_amounts, "the chain is broken"), (owner, "the chain is broken"),
    (moment, "the chain is broken"), (note, "the chain is broken"), (missing, "was expected"),
    (last_missing, "ends otherwise than the manifest says"), (swapped, "was expected"), (doubled, "booked twice"),
    (account, "the trial balance"), (account_missing, "the trial balance"),
    (signed_text, "the signed text is another one"), (one_signature, "not signed by two"),
    (one_signer, "not signed by two"), (certificate_missing, "not those with a certificate"),
    (opened_again, "not those with a certificate"), (head, "ends otherwise"), (month_missing, "months of the manifest"),
    (stranger, "no kind of line"), (member, "not the members of a journal"), (amount_anew, "cash is off by 1 fen"),
    (owner_anew, "do not end at the signed root"), (booked_twice_anew, "booked twice"),
    (reversal_anew, "not the negative of what it reverses"), (other_book_anew, "not in this book of the chart"),
    (correction_anew, "corrects a month that is not earlier"), (late_entry_anew, "the signed root"),
]  # fmt: skip


async def test_every_tampering_is_told(books: list[Document], tmp_path: Path) -> None:
    for tamper, expected in TAMPERINGS:
        lines = json.loads(json.dumps(books))
        tamper(lines)
        code, said = verify(lines, tmp_path)
        assert code == 1, tamper.__name__
        assert expected in said, (tamper.__name__, said)


async def test_a_file_that_is_cut_or_goes_on_is_told(books: list[Document], tmp_path: Path) -> None:
    code, said = verify(books, tmp_path, ended=False)
    assert (code, "cut off" in said) == (1, True)
    assert verify([], tmp_path)[0] == 1
    whole = tmp_path / "export.jsonl"
    assert verify(books, tmp_path)[0] == 0
    for raw in (
        whole.read_bytes() + b'{"kind":"account"}\n',
        whole.read_bytes().replace(b'"lines": ', b'"lines": 1'),
        b"not json\n",
        b"[]\n",
        whole.read_bytes()[:-30],
    ):
        whole.write_bytes(raw)
        assert run(whole)[0] == 1, raw[-60:]


async def test_a_line_that_says_two_things_is_told(books: list[Document], tmp_path: Path) -> None:
    """Fails when members may stand twice: tried. Which of two postings a reader believes depends on the reader."""
    whole = tmp_path / "export.jsonl"
    assert verify(books, tmp_path)[0] == 0
    lines = whole.read_bytes().splitlines(keepends=True)[:-1]
    (at, *_) = (number for number, line in enumerate(lines) if b'"kind": "journal"' in line)
    lines[at] = lines[at].replace(b"{", b'{"postings": [], ', 1)
    body = b"".join(lines)
    end = {"kind": "end", "lines": len(lines), "sha256": sha256(body).hexdigest()}
    whole.write_bytes(body + json.dumps(end).encode() + b"\n")
    code, said = run(whole)
    assert (code, f"line {at + 1} is no document" in said) == (1, True), said


SEED = bytes(range(32)).hex()


async def anchored(county: County, folder: Path) -> tuple[Anchors, Path]:
    """Anchors of the books as they are, fetched from the storage into one file."""
    anchors = Anchors(Ed25519Signer(SEED), FolderStorage(folder), county.clock)
    assert await anchor_days(anchors) == 2
    kept = [await anchors.storage.get(storage_key(china_day(county.now), month)) for month in (NOVEMBER, "2026-12")]
    file = folder / "anchors.jsonl"
    file.write_bytes(b"".join(each or b"" for each in kept))
    return anchors, file


def rewritten(lines: list[Document]) -> None:
    """The open month written anew as a whole, with everything that the file says about itself."""
    sale = journals(lines, "2026-12")[0]
    back = next(each for each in journals(lines, "2026-12") if each["reverses"])
    for journal in (sale, back):
        for posting in journal["postings"]:
            posting[8] *= 3
    for line in lines:
        if line["kind"] == "account":
            for journal in (sale, back):
                for posting in journal["postings"]:
                    if posting[:5] == [line[name] for name in ("book", "code", "owner", "state", "category")]:
                        line["debit_fen" if posting[8] > 0 else "credit_fen"] += abs(posting[8]) * 2 // 3
    chained_anew(lines)


async def test_books_written_anew_as_a_whole_are_told_by_anchors(
    county: County, books: list[Document], tmp_path: Path
) -> None:
    anchors, file = await anchored(county, tmp_path)
    known = ("--anchors", str(file), "--public-key", anchors.signer.public_key)
    code, said = verify(books, tmp_path, *known)
    assert (code, "2 anchors" in said) == (0, True), said
    lines = json.loads(json.dumps(books))
    rewritten(lines)
    assert verify(lines, tmp_path)[0] == 0, "without anchors such a file is whole in itself"
    code, said = verify(lines, tmp_path, *known)
    assert (code, "not the journal that was anchored" in said) == (1, True)
    shorter = [line for line in books if line not in journals(books, "2026-12")]
    assert "was anchored and is not in the export" in verify(shorter, tmp_path, *known)[1]
    other = Ed25519Signer("ff" * 32).public_key
    assert "the signature does not hold" in verify(books, tmp_path, "--anchors", str(file), "--public-key", other)[1]
    file.write_text(file.read_text().replace("2026-12-02", "2026-12-03"))
    code, said = verify(books, tmp_path, *known)
    assert (code, said.count("the signature does not hold")) == (1, 2)
    file.write_text("{}\n")
    assert "anchor 1 is none" in verify(books, tmp_path, *known)[1]


async def test_a_month_is_anchored_once_a_day_and_only_when_it_has_moved(
    county: County, books: list[Document], tmp_path: Path
) -> None:
    anchors, _ = await anchored(county, tmp_path)
    await county.tell(county.paid("O6", net_fen=100))
    await seal_journals(Sealer())
    assert await anchor_days(anchors) == 0, "once a day"
    county.now += timedelta(days=1)
    assert await anchor_days(anchors) == 1
    (newest, *_), _ = await anchor_page(None, 100)
    assert (newest.period, newest.hash) == ("2026-12", await scalar(
        "SELECT hash FROM ledger_journal WHERE period = '2026-12' ORDER BY seq DESC LIMIT 1"))  # fmt: skip
    assert json.loads(newest.message)["hash"] == newest.hash
    page, cursor = await anchor_page(None, 2)
    rest, end = await anchor_page(cursor, 2)
    assert ([each.period for each in page + rest], end) == (["2026-12", "2026-12", NOVEMBER], None)
    for attack in (
        "DELETE FROM ledger_anchor",
        "UPDATE ledger_anchor SET hash = 'x'",
        "UPDATE ledger_anchor SET stored_at = now()",
    ):
        with pytest.raises(BaseORMException):
            await execute(attack)


async def test_a_storage_that_is_away_loses_no_anchor(county: County, books: list[Document], tmp_path: Path) -> None:
    (tmp_path / "blocked").write_text("a file where a folder should be")
    away = Anchors(Ed25519Signer(SEED), FolderStorage(tmp_path / "blocked"), county.clock)
    with pytest.raises(StorageUnavailable):
        await anchor_days(away)
    assert await scalar("SELECT count(*) FROM ledger_anchor WHERE stored_at IS NULL") == 2
    county.now += timedelta(days=1)
    assert await anchor_days(Anchors(Ed25519Signer(SEED), FolderStorage(tmp_path / "there"), county.clock)) == 2


def test_the_verifiers_own_ed25519_agrees_with_the_librarys() -> None:
    """RFC 8032 7.1, test 2, and random keys, texts and flipped bits."""
    spec = spec_from_loader("verify_ledger", SourceFileLoader("verify_ledger", str(VERIFIER)))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    key = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
    signature = bytes.fromhex(
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"  # pragma: allowlist secret
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"  # pragma: allowlist secret
    )
    assert module.is_signed(key, b"\x72", signature)
    drawn = random.Random(4)
    for _ in range(8):
        signer, text = Ed25519Signer(drawn.randbytes(32).hex()), drawn.randbytes(40)
        good = bytes.fromhex(signer.sign(text))
        assert module.is_signed(bytes.fromhex(signer.public_key), text, good)
        bad = bytearray(good)
        bad[drawn.randrange(64)] ^= 1 << drawn.randrange(8)
        assert not module.is_signed(bytes.fromhex(signer.public_key), text, bytes(bad))
        assert not module.is_signed(bytes.fromhex(signer.public_key), text + b".", good)
    assert not module.is_signed(key, b"\x72", signature[:63])
