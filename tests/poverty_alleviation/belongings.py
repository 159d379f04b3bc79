"""What the poverty office keeps."""

from tests.doors.belongings import Owner
from tests.products.shelf import TOWNSHIP


async def give(owner: Owner) -> None:
    """A household, and a contract of the company that buys from it."""
    new = {"name": "示例农户", "township": TOWNSHIP, "village": "示例村"}
    code = (await owner.ask("poverty_officer", "POST", "/v1/console/poverty/households", new))["code"]
    owner.found.by_pattern["/v1/console/poverty/households/"] = {"code": code, "figure": "income_paid"}
    owner.found.bodies["console.show_household_identity"] = {"purpose": "入户核实"}
