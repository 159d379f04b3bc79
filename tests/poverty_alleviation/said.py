"""What a household says of its statement, by telephone or on a sheet that is photographed."""

from datetime import timedelta
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw

from accounts.actors import PovertyOfficer
from accounts.service import AccessLogs
from content.evidence.service import EvidenceFiles, EvidenceLimits
from integrations.object_storage.folder import FolderStorage
from kit.qr_codes import qr_code
from poverty_alleviation.confirming.confirmations import (
    CallDraft,
    StatementConfirmations,
)
from poverty_alleviation.confirming.disputes import RowName
from poverty_alleviation.confirming.models import (
    CallAnswer,
    DisputedKind,
)
from poverty_alleviation.confirming.sheets import StatementSheets
from poverty_alleviation.proofs import Proofs
from poverty_alleviation.statements.paper import statement_paper
from poverty_alleviation.unmasking import Viewing, ViewingPurpose
from tests.accounts.people import throwaway_cipher
from tests.poverty_alleviation.conftest import OFFICER, County
from tests.poverty_alleviation.papers import drawn_code
from tests.poverty_alleviation.test_statements import JANUARY, PRINTER, issued, kept, statements_of

PAID = ("2101", "示例H1", "paid")


CONFIRMED = ("2101", "示例H1", "confirmed")


LOOK = Viewing(ViewingPurpose.EVIDENCE, "核对回单")


OTHER = PovertyOfficer(caller="staff:looker", id=3, number="looker", name="示例扶贫干部")


SCRIPT = "您好，示例县扶贫办：四季度付款 8.72 元，是否收到？"


def files_of(county: County, folder: Path) -> EvidenceFiles:
    return EvidenceFiles(FolderStorage(folder), throwaway_cipher(), EvidenceLimits(), county.clock)


def sheets_of(county: County, folder: Path) -> StatementSheets:
    said = StatementConfirmations(county.payouts, county.clock)
    return StatementSheets(files_of(county, folder), "https://longchuan.example", said, county.clock)


async def looked(county: County, folder: Path, number: str, by: str = OFFICER) -> None:
    """Somebody of the office has opened a photograph, and that is on record."""
    officer = PovertyOfficer(caller=by, id=1, number=by, name="示例扶贫干部")
    await Proofs(files_of(county, folder), AccessLogs(county.clock)).look(officer, number, LOOK)


def call(county: County, answer: CallAnswer = CallAnswer.AGREED) -> CallDraft:
    return CallDraft(called_at=county.now, script=SCRIPT, answer=answer)


def confirmations(county: County) -> StatementConfirmations:
    return StatementConfirmations(county.payouts, county.clock)


async def statements(county: County) -> tuple[str, str]:
    """The numbers of two issued statements: H1 was paid 8.72 by a payout, H2 12.00 at the scale."""
    _, (first, second) = await issued(county)
    county.now = JANUARY + timedelta(days=3)
    return first, second


async def photograph(county: County, *numbers: str, angle: float = 7, quality: int = 70) -> bytes:
    """Sheets as a phone sees them on a table: turned, small, grey, signed, and saying where they lay."""
    room, table = statements_of(county), Image.new("L", (2200, 2900), 120)
    for at, number in enumerate(numbers):
        sheet = drawn_code(statement_paper(await room.to_print(PRINTER, number)), 0)
        pen = ImageDraw.Draw(sheet)
        pen.line([(200, 2000), (420, 1900), (500, 2050)], fill=30, width=9)
        size = (1500, 2120) if len(numbers) == 1 else (1000, 1414)
        turned = sheet.resize(size).rotate(angle, expand=True, fillcolor=120)
        table.paste(turned, (60 + at * 1050, 150))
    exif, buffer = Image.Exif(), BytesIO()
    exif.get_ifd(0x8825).update({1: "N", 2: (24.0, 11.0, 30.0), 3: "E", 4: (97.0, 47.0, 30.0)})
    table.convert("RGB").save(buffer, "JPEG", quality=quality, exif=exif)
    return buffer.getvalue()


def code_alone(text: str) -> bytes:
    """A picture that says a text."""
    picture, buffer = Image.open(BytesIO(qr_code(text, "png"))), BytesIO()
    picture.convert("RGB").save(buffer, "JPEG")
    return buffer.getvalue()


async def payout_of(county: County) -> RowName:
    """H1's payout, as it is named in a dispute."""
    found = await kept("SELECT number FROM payout")
    return RowName(DisputedKind.PAYOUT, found[0]["number"])
