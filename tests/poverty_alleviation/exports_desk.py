"""Who asks for files of the office, what they ask for, and how a test looks into what was made."""

import csv
import io
from pathlib import Path
from typing import Any

import msgspec
import openpyxl
import pytest

from accounts.actors import PovertyOfficer
from accounts.service import AccessLogs
from api_kit.workbooks import SheetFiles
from integrations.object_storage.folder import FolderStorage
from poverty_alleviation.exports.items import MoneyUnit
from poverty_alleviation.exports.making import ExportMaking
from poverty_alleviation.exports.mappings import MappedCell
from poverty_alleviation.exports.models import ExportKind, ExportState
from poverty_alleviation.exports.service import ExportRequest, OfficeExports
from poverty_alleviation.exports.templates import ExportTemplates
from poverty_alleviation.office.rollups import Dimension
from poverty_alleviation.unmasking import ViewingPurpose
from tests.accounts.people import throwaway_cipher
from tests.poverty_alleviation.conftest import OFFICER, SECOND, County
from tests.poverty_alleviation.templates import LIST, SUMS, template
from tests.poverty_alleviation.test_roll_ups import QUARTER
from tests.products.shelf import TOWNSHIP

ASKER = PovertyOfficer(caller=OFFICER, id=1, number="office", name="示例扶贫干部")


OTHER = PovertyOfficer(caller=SECOND, id=2, number="second", name="示例扶贫干部二")


FIGURES = ExportRequest(
    kind=ExportKind.HOUSEHOLD_FIGURES, quarter=QUARTER, purpose=ViewingPurpose.AUDIT_REQUEST, document="示例函 1 号"
)


SUMS_OF_VILLAGES = ExportRequest(
    kind=ExportKind.ROLL_UP, quarter=QUARTER, purpose=ViewingPurpose.SUPERIOR_REPORT, document="示例函 2 号",
    dimension=Dimension.VILLAGE,
)  # fmt: skip


CELLS = [
    MappedCell(sheet=SUMS, at="B3", item="sum.income_paid", unit=MoneyUnit.WAN, decimals=4),
    MappedCell(sheet=SUMS, at="C3", item="sum.carried"),
    MappedCell(sheet=SUMS, at="B4", item="sum.income_confirmed", area=TOWNSHIP),
    MappedCell(sheet=LIST, at="A3:A59", item="household.serial"),
    MappedCell(sheet=LIST, at="B3:B59", item="household.name"),
    MappedCell(sheet=LIST, at="C3:C59", item="household.income_paid", unit=MoneyUnit.YUAN, decimals=1),
]


def making_of(county: County, folder: Path) -> ExportMaking:
    cipher = throwaway_cipher()
    exports = OfficeExports(FolderStorage(folder), cipher, SheetFiles(), AccessLogs(county.clock), county.clock)
    return ExportMaking(exports, ExportTemplates(cipher, SheetFiles(), county.clock))


@pytest.fixture
def making(county: County, tmp_path: Path) -> ExportMaking:
    return making_of(county, tmp_path)


async def ready(making: ExportMaking, wanted: ExportRequest) -> str:
    """Asked by one, approved by another, made; answers its number."""
    number = await making.exports.ask(ASKER, wanted)
    await making.exports.decide(number, ExportState.APPROVED, "示例同意", SECOND)
    assert await making.make_due() == 1
    return number


def other(wanted: ExportRequest, **changes: Any) -> ExportRequest:
    return msgspec.structs.replace(wanted, **changes)


def stored(folder: Path) -> list[bytes]:
    """The files that lie in the storage."""
    return [path.read_bytes() for path in folder.rglob("*.bin")]


def table_of(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


def sheet_of(content: bytes, name: str | None = None) -> Any:
    book = openpyxl.load_workbook(io.BytesIO(content))
    return book[name] if name else book.active


async def mapped(making: ExportMaking) -> str:
    """The template with its mapping; answers its number."""
    number = await making.templates.take(template(), "示例季报", OFFICER)
    assert await making.templates.map(number, CELLS, OFFICER) == 1
    return number


def at(place: str, item: str = "sum.carried", **more: Any) -> MappedCell:
    return MappedCell(sheet=more.pop("sheet", SUMS), at=place, item=item, **more)
