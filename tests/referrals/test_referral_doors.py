"""The referral programme over HTTP."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from console_api.referrals import endpoints as of_the_county
from kit.clock import china_day, utc_now
from kit.database import scalar, transaction
from miniapp_api.referrals import endpoints as of_consumers
from referrals.service import ReferralTokens, Referrers
from referrals.shares import ReferralShares, ReferredLine, shares_of
from referrals.terms import Programme
from tests.accounts.served import Served, served
from tests.products.shelf import approved_merchant, listed_product
from tests.products.test_product_doors import clerk_of, keyed, officer
from tests.referrals.programme import KIND, open_programme, terms

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def doors(database: str) -> AsyncIterator[Served]:
    services = (Referrers(), ReferralTokens("s" * 40), Programme(True))
    async with served(*services, also=(of_the_county, of_consumers)) as client:
        yield client


async def test_from_the_countys_terms_to_a_payout_and_nobody_sees_a_buyer(doors: Served) -> None:
    http, merchant = doors.http, await approved_merchant()
    product, _ = await listed_product(merchant)
    foreign_product, _ = await listed_product(await approved_merchant(2, "另一家合作社"))
    clerk, county = await clerk_of(doors, merchant, "clerk"), await officer(doors)
    assert (await http.get("/v1/miniapp/referral-terms")).json()["code"] == "referral_terms_unknown"
    await open_programme(terms(month_cap=700))
    again = {"valid_from": china_day(utc_now()).isoformat(), "commission_bp": 100, "order_cap_fen": 1,
             "month_cap_fen": 1, "source_document": "示例文件"}  # fmt: skip
    refused = await http.post("/v1/console/referral-terms", headers=keyed(county, "t1"), json=again)
    assert refused.json()["code"] == "referral_terms_taken"
    assert (await http.post("/v1/console/referral-terms", headers=keyed(clerk, "t2"), json=again)).status_code == 403
    assert (await http.get("/v1/miniapp/referral-terms")).json()["commission_bp"] == 500

    for path, status in ((product, 204), (foreign_product, 404)):
        answer = await http.put(f"/v1/console/products/{path}/referral-opt-in", headers=clerk)
        assert answer.status_code == status
    for takes_part in (True, False):
        answer = await http.put("/v1/console/referral-opt-in", headers=clerk, json={"takes_part": takes_part})
        assert answer.status_code == 204
    listed = await http.get("/v1/console/referral-opt-ins", headers=county)
    assert [(each["merchant"], each["product"]) for each in listed.json()["opt_ins"]] == [(merchant, product)]

    me = await doors.consumer("somebody")
    early = await http.post("/v1/miniapp/referrer", headers=keyed(me, "j1"))
    assert (early.status_code, early.json()["code"]) == (409, "referral_not_agreed")
    agreed = await http.put(f"/v1/miniapp/me/consents/{KIND}", headers=me, json={"version": 1})
    assert agreed.status_code == 204
    joined = await http.post("/v1/miniapp/referrer", headers=keyed(me, "j2"))
    assert (joined.status_code, joined.json()["is_agreed"]) == (201, True)
    code = joined.json()["referrer"]["code"]
    link = await http.get(f"/v1/miniapp/referrals/{code}")
    assert ReferralTokens("s" * 40).verify(link.json()["attribution"]) == f"referral:{code}"
    assert (await http.get("/v1/miniapp/referrals/AAAAAAAAAAAAAAAA")).status_code == 404

    await _two_orders(code, merchant, product)
    mine = (await http.get("/v1/miniapp/referrer", headers=me)).json()
    assert (mine["referrer"]["due_fen"], mine["months"][0]["capped_fen"]) == (700, 300)
    assert "BUYER" not in str(mine)
    assert "O1" not in str(mine)
    due = (await http.get("/v1/console/referrers-due", headers=county)).json()["referrers"]
    assert [(each["code"], each["due_fen"]) for each in due] == [(code, 700)]
    paid = [
        await http.post(
            f"/v1/console/referrers/{code}/payouts",
            headers=keyed(county, "p1"),
            json={"amount_fen": 700, "voucher": "BANK-1"},
        )
        for _ in range(2)
    ]
    assert [each.json() for each in paid] == [{"amount_fen": 700}] * 2
    day = china_day(utc_now()).isoformat()
    results = await http.get(f"/v1/console/referral-results?first={day}&last={day}", headers=clerk)
    (result,) = results.json()["results"]
    assert (result["merchant"], result["orders"], result["paid_fen"], result["lost_fen"]) == (merchant, 2, 700, 300)
    assert (await http.delete("/v1/miniapp/referrer", headers=me)).status_code == 204
    assert (await http.get(f"/v1/miniapp/referrals/{code}")).status_code == 404
    assert await scalar("SELECT count(*) FROM referral_payout") == 1


async def _two_orders(code: str, merchant: str, product: str) -> None:
    for order in ("O1", "O2"):
        line = ReferredLine(
            code=code, order=order, line=f"{order}-1", merchant=merchant, product=product, net_fen=10_000
        )
        async with transaction():
            await ReferralShares().keep(await shares_of("BUYER", [line], utc_now()))
        await ReferralShares().note_paid(order)
        await ReferralShares().earn(order)
