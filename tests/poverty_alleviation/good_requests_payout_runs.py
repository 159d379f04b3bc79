"""Requests about payout runs that succeed."""

from accounts.actors import PovertyOfficer
from kit.clock import china_day, utc_now
from poverty_alleviation.payout_runs.models import LineState, RunState
from poverty_alleviation.payout_runs.queries import RunLine, run_shown
from poverty_alleviation.payout_runs.service import PayoutRuns
from tests.doors.belongings import Owner
from tests.doors.good_requests import GoodRequest, good, mall_of
from tests.poverty_alleviation.good_requests import AT, earned

PRINTER = PovertyOfficer(caller="staff:other", id=1, number="other", name="示例扶贫干部")


def runs_of(owner: Owner) -> PayoutRuns:
    """As the house has them."""
    runs = mall_of(owner.house).built.services[PayoutRuns]
    assert isinstance(runs, PayoutRuns)
    return runs


async def a_draft(owner: Owner) -> tuple[str, RunLine]:
    """A run with one line that can be paid; whoever else is owed has no account and is taken out."""
    code, runs = str((await earned(owner))["household"]), runs_of(owner)
    held = {
        "bank": "示例银行", "number": "6200000000000099", "holder_relation": "child", "holder_name": "示例亲属",
        "valid_from": "2020-01-01", "document": "示例文件 9 号",
    }  # fmt: skip
    await owner.ask("poverty_officer", "POST", f"{AT}/households/{code}/accounts", held)
    number = await runs.draft(owner.house.merchant, "staff:drafter")
    lines = (await run_shown(number)).items
    for each in lines:
        if each.state is LineState.STOPPED:
            await runs.decide_line(number, each.position, None, "示例：没有账户", "staff:drafter")
    return number, next(each for each in lines if each.household == code)


async def exported(owner: Owner) -> tuple[str, RunLine]:
    """One whose file has gone to the bank."""
    number, line = await a_draft(owner)
    await runs_of(owner).decide(number, RunState.APPROVED, "", "staff:other")
    await runs_of(owner).export(PRINTER, number)
    return number, line


@good("console.draft_payout_run")
async def draft(owner: Owner) -> GoodRequest:
    await earned(owner)
    return GoodRequest(body={"merchant": owner.house.merchant})


@good("console.decide_payout_line")
async def decide_line(owner: Owner) -> GoodRequest:
    number, line = await a_draft(owner)
    return GoodRequest(names={"number": number, "position": str(line.position)}, body={"reason": "示例：移出"})


@good("console.decide_payout_run")
async def decide_run(owner: Owner) -> GoodRequest:
    number, _ = await a_draft(owner)
    return GoodRequest(names={"number": number}, body={"state": "approved"})


@good("console.export_payout_run")
async def export(owner: Owner) -> GoodRequest:
    number, _ = await a_draft(owner)
    await runs_of(owner).decide(number, RunState.APPROVED, "", "staff:other")
    return GoodRequest(names={"number": number}, body={})


@good("console.record_payout_result")
async def record_result(owner: Owner) -> GoodRequest:
    number, line = await exported(owner)
    paid = {"is_paid": True, "voucher": "示例回单 9", "paid_on": china_day(utc_now()).isoformat()}
    names = {"number": number, "position": str(line.position)}
    return GoodRequest(names=names, body=paid | {"amount_fen": line.amount_fen})


@good("console.import_payout_results")
async def import_results(owner: Owner) -> GoodRequest:
    number, line = await exported(owner)
    amount = f"{line.amount_fen // 100}.{line.amount_fen % 100:02}"
    cells = f"{number}-{line.position},{amount},失败,,,示例：账户已注销"
    content = f"流水号,金额（元）,结果,回单号,付款日期,失败原因\n{cells}\n".encode()
    return GoodRequest(names={"number": number}, body=content, headers={"content-type": "text/csv"})
