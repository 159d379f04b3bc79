"""Requests about incomes and lists that succeed."""

import secrets

from tests.doors.belongings import Owner
from tests.doors.good_requests import GoodRequest, form_with_file, good
from tests.poverty_alleviation.good_requests import AT, household
from tests.poverty_alleviation.lists import family, text

INCOME: dict[str, object] = {
    "year": 2025, "persons": 2, "document": "示例调查 1 号", "wage_fen": 0, "production_fen": 500_000,
    "property_fen": 0, "transfer_fen": 0, "total_fen": 500_000, "production_cost_fen": 100_000, "net_fen": 400_000,
    "net_per_person_fen": 200_000,
}  # fmt: skip


@good("console.record_income")
async def record_income(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"code": await household(owner)}, body=INCOME)


@good("console.enter_income_item_rule")
async def enter_rule(owner: Owner) -> GoodRequest:
    return GoodRequest(body={"item": "pension", "year": 2025, "counted": False, "source": "示例文件 30 号"})


@good("console.import_register_list")
async def bring_in(owner: Owner) -> GoodRequest:
    """One household of three, under words that are entered for it."""
    mark = secrets.token_hex(4)
    words = {f"户主{mark}": "head", f"子女{mark}": "child"}
    for zh, code in words.items():
        new = {"kind": "relation", "code": code, "zh": zh, "valid_from": "2020-01-01", "source": "示例文件"}
        await owner.ask("poverty_officer", "POST", f"{AT}/labels", new)
    head, child = words
    table = [
        {**each, "与户主关系": head if each["与户主关系"] == "户主" else child, "户类型": None} for each in family(9)
    ]
    request = form_with_file(text("list", table), "text/csv")
    return GoodRequest(
        body=request.body,
        headers=request.headers,
        query={"layout": "list", "year": "2025", "day": "2025-12-31", "document": mark},
    )
