"""What the poverty office keeps."""

from datetime import UTC, datetime

from kit.database import transaction
from ledger.chart import MERCHANT, SUPPLIER
from ledger.service import Entry, JournalDraft, Journals
from tests.doors.belongings import Owner
from tests.products.shelf import TOWNSHIP


async def give(owner: Owner) -> None:
    """A household, and a contract of the company that buys from it."""
    new = {"name": "示例农户", "township": TOWNSHIP, "village": "示例村"}
    code = (await owner.ask("poverty_officer", "POST", "/v1/console/poverty/households", new))["code"]
    owner.found.by_pattern["/v1/console/poverty/households/"] = {"code": code, "figure": "income_paid"}
    owner.found.bodies["console.show_household_identity"] = {"purpose": "入户核实"}
    owner.found.by_pattern["/v1/console/ledger/periods/"] = {"period": await _a_closed_month(owner)}


async def _a_closed_month(owner: Owner) -> str:
    """A month long ago with one journal, closed by both offices."""
    path, month = "/v1/console/ledger/periods/2021-05", datetime(2021, 5, 10, tzinfo=UTC)
    async with transaction():
        entries = [Entry(MERCHANT, "M", 100), Entry(SUPPLIER, "S", -100)]
        is_new = await Journals(lambda: month).post(JournalDraft("test.month", "1", month, entries))
    if is_new:
        begun = await owner.ask("poverty_officer", "PUT", f"{path}/closing")
        for role in ("poverty_officer", "county_officer"):
            await owner.ask(role, "PUT", f"{path}/signature", {"digest": begun["digest"]})
    return "2021-05"
