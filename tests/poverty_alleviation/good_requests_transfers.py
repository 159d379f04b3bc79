"""Requests about payouts by transfer that succeed."""

import secrets

from kit.clock import utc_now
from kit.database import rows
from kit.numbers import public_number
from poverty_alleviation.payout_runs.models import RunState
from tests.doors.belongings import Owner
from tests.doors.good_requests import GoodRequest, good
from tests.payments import channel
from tests.poverty_alleviation.good_requests import AT, earned
from tests.poverty_alleviation.good_requests_payout_runs import runs_of
from tests.products.shelf import TOWNSHIP, VILLAGE

RUNS = "/v1/console/poverty/payout-runs"


async def a_buyer() -> str:
    """Somebody with an account as a buyer; the number of it."""
    number = public_number(utc_now(), "C")
    await rows(
        "INSERT INTO consumer_account (number, appid, openid, created_at, last_login_at)"
        " VALUES ($1, $2, $3, now(), now()) RETURNING 1",
        number,
        channel.APPID,
        f"openid-{secrets.token_hex(8)}",
    )
    return number


async def consent(owner: Owner, code: str, member: str | None = None) -> dict[str, str]:
    """What a member of a household agrees to; somebody new unless told who."""
    if member is None:
        new = {
            "name": "示例成员乙", "birth_year": 1991, "relation": "child", "valid_from": "2020-01-01",
            "document": "示例文件 5 号",
        }  # fmt: skip
        member = str((await owner.ask("poverty_officer", "POST", f"{AT}/households/{code}/members", new))["code"])
    return {"member": member, "consumer": await a_buyer(), "document": "示例同意书 1 号"}


async def a_wallet(owner: Owner, code: str, member: str | None = None) -> str:
    """That a member of a household may be paid by WeChat."""
    body = await consent(owner, code, member)
    return str((await owner.ask("poverty_officer", "POST", f"{AT}/households/{code}/wallets", body))["code"])


@good("console.enter_wallet")
async def enter_wallet(owner: Owner) -> GoodRequest:
    new = {"name": "示例农户丙", "township": TOWNSHIP, "village": VILLAGE, "phone": "19900000076"}
    code = (await owner.ask("poverty_officer", "POST", f"{AT}/households", new))["code"]
    return GoodRequest(names={"code": code}, body=await consent(owner, code))


@good("console.send_payout_run")
async def send(owner: Owner) -> GoodRequest:
    owed = await earned(owner)
    await a_wallet(owner, str(owed["household"]))
    drafted = await owner.ask("poverty_officer", "POST", RUNS, {"merchant": owed["merchant"], "way": "wechat"})
    await runs_of(owner).decide(drafted["number"], RunState.APPROVED, "", "staff:other")
    return GoodRequest(names={"number": drafted["number"]})


@good("webhook.receive_transfer_notice")
async def notice(owner: Owner) -> GoodRequest:
    """The end of a transfer that WeChat knows."""
    raw = channel.notice_body({"out_bill_no": "W1", "state": "SUCCESS"}, event="MCHTRANSFER.BILL.FINISHED")
    return GoodRequest(body=raw, headers=channel.signed_headers(raw))
