"""Requests about inspections, holds and recalls that succeed."""

from kit.clock import utc_now
from tests.doors.belongings import Owner
from tests.doors.good_requests import GoodRequest, good
from tests.traceability.good_requests import goods


async def _lot(owner: Owner) -> str:
    made = await owner.ask("merchant_clerk", "POST", "/v1/console/lots", await goods(owner, 10_000))
    return str(made["lot"]["number"])


async def _inspection(owner: Owner) -> str:
    path = f"/v1/console/lots/{await _lot(owner)}/inspections"
    return str((await owner.ask("merchant_clerk", "POST", path))["number"])


def _samples() -> dict[str, object]:
    return {"samples": [{"code": "YP-1", "mass_gram": 500, "taken_at": utc_now().isoformat()}]}


@good("console.request_inspection")
async def ask_for_one(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": await _lot(owner)})


@good("console.draw_samples")
async def draw(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": await _inspection(owner)}, body=_samples(), role="county_officer")


@good("console.judge_inspection")
async def judge(owner: Owner) -> GoodRequest:
    number = await _inspection(owner)
    await owner.ask("county_officer", "PUT", f"/v1/console/inspections/{number}/samples", _samples())
    finding = {"name": "毒死蜱", "allowed": "0.02", "found": "0.5", "unit": "mg/kg", "method": "GB 23200.113",
               "is_good": False}  # fmt: skip
    told = {"laboratory": "示例检测中心", "report": "SL-1", "findings": [finding]}
    return GoodRequest(names={"number": number}, body=told, role="county_officer")


@good("console.withdraw_inspection")
async def withdraw(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": await _inspection(owner)})


@good("console.hold_lot")
async def hold(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": await _lot(owner)}, body={"reason": "storage", "note": "冷库故障"})


@good("console.release_lot")
async def release(owner: Owner) -> GoodRequest:
    lot = await _lot(owner)
    await owner.ask("merchant_clerk", "PUT", f"/v1/console/lots/{lot}/hold", {"reason": "storage", "note": "冷库故障"})
    return GoodRequest(names={"number": lot}, body={"note": "已修复"})


@good("console.call_back")
async def call_back(owner: Owner) -> GoodRequest:
    return GoodRequest(body={"lot": await _lot(owner), "cause": "农残超标", "document": "示例召回1号"})
