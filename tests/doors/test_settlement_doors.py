"""Settlement at the doors: a clerk's own merchant from the token, files that open as they were written."""

import httpx

from api_kit.spreadsheets import Column, read_sheet
from kit.clock import china_day, utc_now
from settlements.entries import Amount, Happened, write
from settlements.models import EntryKind
from tests.doors.house import House
from tests.doors.problems import check_problem
from tests.superuser import as_superuser


async def test_a_merchant_sees_the_own_settlement_alone(inside: House, http: httpx.AsyncClient) -> None:
    now = utc_now()
    happened = Happened(merchant=inside.merchant, order="20261126SETTLED01", channel="test", source="test:1", at=now)
    await write(happened, [Amount(EntryKind.GROSS, 3990, "=1+1"), Amount(EntryKind.FEE, -24)])
    day = china_day(now).isoformat()
    span = {"first_day": day, "last_day": day}
    own, foreign, officer = (inside.headers(role) for role in ("merchant_clerk", "foreign_clerk", "county_officer"))
    route = "/v1/console/settlements"
    told = (await http.get(f"{route}/figures", headers=own, params=span)).json()
    assert (told["merchant"], told["figures"]["landed_fen"]) == (inside.merchant, 3966)
    assert (await http.get(f"{route}/figures", headers=foreign, params=span)).json()["figures"]["orders"] == 0
    named = span | {"merchant": inside.merchant}
    check_problem(await http.get(f"{route}/figures", headers=foreign, params=named), 404, "merchant_unknown")
    check_problem(await http.get(f"{route}/entries/file", headers=foreign, params=named), 404, "merchant_unknown")
    check_problem(await http.get(f"{route}/figures", headers=officer, params=span), 404, "merchant_unknown")
    assert (await http.get(f"{route}/figures", headers=officer, params=named)).json() == told
    for kind in ("xlsx", "csv"):
        file = await http.get(f"{route}/entries/file", headers=own, params=span | {"format": kind})
        assert file.status_code == 200
        assert f'.{kind}"' in file.headers["content-disposition"]
        titles = ("日期", "订单号", "订单行", "渠道", "项目", "承担方", "金额（分）", "结算单")
        sheet = await read_sheet(file.content, [Column(title, title, required=False) for title in titles])
        assert sheet.problems == []
        assert [(row.values["订单行"], row.values["项目"], row.values["金额（分）"]) for row in sheet.rows] == [
            ("=1+1", "商品金额", "3990"),
            (None, "支付手续费", "-24"),
        ]
    check_problem(
        await http.get(f"{route}/figures", headers=own, params={"first_day": day, "last_day": "2020-01-01"}),
        422,
        "statement_span_invalid",
    )
    await as_superuser(
        "ALTER TABLE settlement_entry DISABLE TRIGGER USER",
        "DELETE FROM settlement_entry WHERE channel = 'test'",
        "ALTER TABLE settlement_entry ENABLE TRIGGER USER",
    )
