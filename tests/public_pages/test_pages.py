"""The pages behind printed codes: what a buyer is told (domain reference 3.6), and who is counted."""

import asyncio
import re
from datetime import timedelta
from html import escape
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from api_kit.answer_cache import LASTING_S
from kit.clock import china_day, utc_now
from kit.database import execute, scalar
from kit.numbers import opaque_id
from products.catalogue_models import CertificateKind
from products.certificates import Certificate, Certificates
from products.marks import Marks, Span
from public_pages.markup import MAX_PAGE_BYTES
from scans.label_pages import label_page
from scans.labels import LabelRecord
from scans.service import ScanTokens
from tests.doors.belongings import Belongings, Owner
from tests.doors.conftest import house, http, inside
from tests.doors.house import House, idempotency_key, order_body
from tests.doors.problems import check_page, check_problem
from tests.scans.belongings import GTIN, sealed_lot
from tests.statements import counted_statements
from tests.traceability.good_requests_of_storage import device, room, signed

__all__ = ["house", "http", "inside"]
PHONE = {"user-agent": "Mozilla/5.0 (Linux; Android 12; V2166A) AppleWebKit/537.36 Mobile Safari/537.36"}
TURN = iter(range(5000, 9999))
FORBIDDEN = re.compile(
    r"示例供货人|贫困|脱贫|监测|低收入|帮扶|扶贫|199\d{8}|站长|poverty|household|supplier|[一-鿿]{2,}组\d"
)


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}


def owner_of(house: House, http: httpx.AsyncClient) -> Owner:
    return Owner(house, http, Belongings(), next(TURN))


async def labelled(
    house: House,
    http: httpx.AsyncClient,
    *,
    suppliers: int = 1,
    serials: int = 0,
    gtin: str | None = None,
    **notes: object,
) -> LabelRecord:
    """A label of a new sealed lot."""
    await execute("UPDATE sku SET gtin = $2 WHERE code = $1", house.sku, gtin)
    owner = owner_of(house, http)
    lot = await sealed_lot(owner, suppliers, **notes)
    body = {"sku": house.sku, "serials": serials}
    made = await owner.ask("merchant_clerk", "POST", f"/v1/console/lots/{lot}/labels", body)
    members = {name: made["labels"][0][name] for name in LabelRecord.__struct_fields__}
    return LabelRecord(**members)


async def scan_code(house: House, http: httpx.AsyncClient) -> str:
    body = {"product": house.product, "place": "shelf", "note": "A3"}
    return str((await owner_of(house, http).ask("merchant_clerk", "POST", "/v1/console/scan-codes", body))["code"])


def check_good(reply: httpx.Response) -> str:
    """A small page without scripts, under a policy that would not run any, and without a forbidden word."""
    assert reply.status_code == 200, reply.text
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    assert len(reply.content) <= MAX_PAGE_BYTES
    policy = reply.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert reply.headers["x-content-type-options"] == "nosniff"
    tags = _Tags()
    tags.feed(reply.text)
    assert not tags.seen & {"script", "img", "iframe", "form", "object", "link"}
    assert not {name for name in tags.attributes if name.startswith("on") or name in ("style", "src")}
    assert not FORBIDDEN.search(reply.text), FORBIDDEN.search(reply.text)
    return reply.text


async def test_a_code_on_a_shelf_opens_its_product_and_keeps_where_it_was_scanned(
    house: House, http: httpx.AsyncClient, inside: House
) -> None:
    code = await scan_code(house, http)
    text = check_good(await http.get(f"/s/{code}", headers=PHONE))
    assert "古法红糖" in text
    assert "39.90 元" in text
    assert "weixin://dl/business/?appid=" in text
    assert f"query=scene%3D{code}" in text
    assert (
        await scalar(
            "SELECT count(*) FROM label_scan n JOIN trace_label t ON t.id = n.label_id WHERE t.code = $1", code
        )
        == 0
    )


async def test_a_label_opened_in_the_mini_program_counts_as_its_source(
    house: House, http: httpx.AsyncClient, inside: House
) -> None:
    label = await labelled(house, http)
    wechat = {"user-agent": f"{PHONE['user-agent']} MicroMessenger/8.0.50 miniProgram"}
    found = (await http.get(f"/v1/miniapp/scans/{label.code}", headers=wechat)).json()
    assert (found["trace"]["lot"], found["trace"]["farmers"], found["trace"]["scans"]) == (label.lot, None, 1)
    assert not FORBIDDEN.search(str(found["trace"]))
    assert (found["product"]["code"], found["place"]) == (house.product, "label")
    headers = house.headers("consumer", idempotency_key=idempotency_key())
    body = order_body(house.sku, attribution=found["attribution"])
    assert (await http.post("/v1/miniapp/orders", json=body, headers=headers)).status_code == 201
    assert await scalar("SELECT source FROM customer_order ORDER BY id DESC LIMIT 1") == f"scan:{label.code}"


async def test_a_label_shows_the_certificate_of_its_lot_while_it_stands(
    house: House, http: httpx.AsyncClient, inside: House
) -> None:
    """The page is kept for a moment, so what changes afterwards is asked of what it is made from."""
    label, owner = await labelled(house, http), owner_of(house, http)

    async def shown() -> str | None:
        return (await label_page(label.code, 3, utc_now())).conformity

    assert await shown() is None
    told = {"basis": "own_promise", "contact": "19900000001"}
    path = f"/v1/console/lots/{label.lot}"
    made = await owner.ask("merchant_clerk", "POST", f"{path}/conformity-certificate", told)
    text = check_good(await http.get(f"/s/{label.code}"))
    assert await shown() == f"{made['certificate']} {china_day(utc_now()).isoformat()}"
    assert made["certificate"] in text
    assert told["contact"] not in text
    await owner.ask("merchant_clerk", "PUT", f"{path}/hold", {"reason": "storage", "note": "冷库故障"})
    assert await shown() is None
    await owner.ask("merchant_clerk", "PUT", f"{path}/release", {"note": "已修复"})
    assert await shown() is not None
    withdrawal = f"/v1/console/conformity-certificates/{made['certificate']}/withdrawal"
    await owner.ask("merchant_clerk", "PUT", withdrawal, {"because": "信息有误"})
    assert await shown() is None


async def test_a_label_shows_how_cold_its_lot_stood(house: House, http: httpx.AsyncClient, inside: House) -> None:
    label, owner = await labelled(house, http), owner_of(house, http)
    begun = utc_now()
    cold_room = await room(owner)
    body = {"room": cold_room, "placed_at": begun.isoformat()}
    await owner.ask("merchant_clerk", "PUT", f"/v1/console/lots/{label.lot}/placement", body)
    assert (await label_page(label.code, 3, begun)).cold_chain_celsius_milli is None
    sensor = await device(owner, cold_room)
    key = (await owner.ask("merchant_clerk", "PUT", f"/v1/console/sensor-devices/{sensor}/key"))["key"]
    readings = [(-1, 30_000), (0, 2_149), (1, -450), (2, 3_000)]
    path, content, headers = f"/v1/webhook/sensor-devices/{sensor}/readings", *signed(key, begun, readings)
    reply = await http.post(path, content=content, headers=headers)
    assert reply.json() == {"taken": 4, "known": 0, "in_future": [], "reused": []}
    assert (await http.post(path, content=content, headers=headers)).json()["known"] == 4
    check_problem(await http.post(path, content=content + b" ", headers=headers), 403, "readings_forged")
    assert (await label_page(label.code, 3, begun)).cold_chain_celsius_milli == (-450, 3_000)
    assert "最低 -0.5 ℃，最高 3.0 ℃" in check_good(await http.get(f"/s/{label.code}"))


async def test_a_label_tells_its_lot_after_the_goods_have_left_the_shelf(
    house: House, http: httpx.AsyncClient, inside: House
) -> None:
    label, code = await labelled(house, http), await scan_code(house, http)
    await execute("UPDATE product SET state = 'delisted' WHERE code = $1", house.product)
    try:
        text = check_good(await http.get(f"/s/{label.code}"))
        assert "目前未在售" in text
        assert "weixin://" not in text
        found = (await http.get(f"/v1/miniapp/scans/{label.code}")).json()
        assert (found["product"], found["trace"]["lot"]) == (None, label.lot)
        check_page(await http.get(f"/s/{code}"))
        check_page(await http.get(f"/p/{house.product}"))
    finally:
        await execute("UPDATE product SET state = 'listed' WHERE code = $1", house.product)


async def test_a_label_tells_its_lot_and_nobody_who_supplied_it(
    house: House, http: httpx.AsyncClient, inside: House
) -> None:
    label = await labelled(house, http, suppliers=3, serials=1)
    today = china_day(utc_now())
    await accepted_certificate(house, "HGZ-有效", today, 30)
    await accepted_certificate(house, "HGZ-过期", today - timedelta(days=40), 20)
    text = check_good(await http.get(f"/s/{label.code}", headers=PHONE))
    for told in (
        label.lot, label.serial or "-", "章凤镇", "示例合作社", "DEMO000001", f"{today} 收购", f"{today} 批次封存",
        "承诺达标合格证 HGZ-有效", "本批次由 3 户农户供货", "首次扫码", "累计扫码 1 次", "12315", "再次购买",
    ):  # fmt: skip
        assert told in text, told
    assert "HGZ-过期" not in text
    assert "开始装箱" not in text


async def test_a_lots_own_days_are_told_and_what_is_past_its_day_is_not_eaten(
    house: House, http: httpx.AsyncClient, inside: House
) -> None:
    today = china_day(utc_now())
    first, last = (today - timedelta(days=9)).isoformat(), (today - timedelta(days=7)).isoformat()
    days: dict[str, Any] = {"harvest_from": first, "harvest_until": last, "best_before": today.isoformat()}
    label = await labelled(house, http, **days, out_batch_no="HT-2026-11")
    text = check_good(await http.get(f"/s/{label.code}"))
    assert f"{first} 至 {last} 采收" in text
    assert f"<dt>保质期至</dt><dd>{today}</dd>" in text
    assert "HT-2026-11" in text
    assert "已过保质期" not in text
    assert (await label_page(label.code, 3, utc_now() + timedelta(days=1))).is_past_best


async def accepted_certificate(house: House, document: str, first: object, days: int) -> None:
    span = {"issued_on": first, "valid_from": first, "valid_until": first + timedelta(days=days)}  # type: ignore[operator]
    paper = Certificate(kind=CertificateKind.COMMITMENT, document=document, issuer="示例合作社", **span)  # type: ignore[arg-type]
    number = await Certificates().submit(house.merchant, house.product, paper, "staff:test")
    await Certificates().accept(number, "staff:test")


@pytest.mark.parametrize(("suppliers", "told"), [(1, False), (2, False), (3, True)])
async def test_few_farmers_are_not_counted(
    house: House, http: httpx.AsyncClient, inside: House, suppliers: int, told: bool
) -> None:
    """Fails when ``label_page`` leaves its bound out: tried."""
    label = await labelled(house, http, suppliers=suppliers)
    text = check_good(await http.get(f"/s/{label.code}"))
    assert ("户农户供货" in text) is told


async def test_the_mark_shows_only_while_it_is_authorised(house: House, http: httpx.AsyncClient, inside: House) -> None:
    marks, today = Marks(), china_day(utc_now())
    label = await labelled(house, http)
    now = utc_now()
    assert not (await label_page(label.code, 3, now)).branded
    await marks.enter_brand("demo", "示例公共品牌")
    number = await marks.authorise(
        "demo",
        house.product,
        "示例文件 3 号",
        Span(valid_from=today, valid_until=today + timedelta(days=9)),
        "staff:test",
    )
    assert (await label_page(label.code, 3, now)).branded
    assert not (await label_page(label.code, 3, now + timedelta(days=10))).branded
    await marks.revoke_authorisation(number, "示例", "staff:test")
    assert not (await label_page(label.code, 3, now)).branded


async def test_people_are_counted_and_machines_are_not(house: House, http: httpx.AsyncClient, inside: House) -> None:
    label = await labelled(house, http)

    async def scans() -> int:
        return int((await label_page(label.code, 3, utc_now())).scans)

    for headers in (
        {"user-agent": "curl/8.5"}, {"user-agent": ""},
        {"user-agent": "Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)"},
        {"user-agent": "Mozilla/5.0 (compatible; bingbot/2.0)"}, {**PHONE, "sec-purpose": "prefetch"},
        {**PHONE, "purpose": "preview"}, {**PHONE, "if-none-match": '"abc"'},
    ):  # fmt: skip
        text = check_good(await http.get(f"/s/{label.code}", headers=headers))
        assert await scans() == 0, headers
    assert "尚无扫码记录" in text
    await asyncio.gather(*(http.get(f"/s/{label.code}", headers=PHONE) for _ in range(20)))
    assert await scans() == 20
    first = await scalar(
        "SELECT first_at FROM label_scan n JOIN trace_label t ON t.id = n.label_id WHERE t.code = $1", label.code
    )
    await http.get(f"/s/{label.code}", headers=PHONE)
    shown = await label_page(label.code, 3, utc_now())
    assert (shown.scans, shown.first_scanned_at) == (21, first)
    columns = await scalar(
        "SELECT string_agg(column_name, ' ' ORDER BY column_name) FROM information_schema.columns"
        " WHERE table_name = 'label_scan'"
    )
    assert columns == "count first_at id label_id", "nothing about who scanned"


async def test_a_page_is_kept_and_asked_for_again(house: House, http: httpx.AsyncClient, inside: House) -> None:
    label = await labelled(house, http)
    first = await http.get(f"/s/{label.code}")
    assert first.headers["cache-control"] == "no-cache"
    again = await http.get(f"/s/{label.code}", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    with counted_statements() as statements:
        await label_page(label.code, 3, utc_now())
    assert len(statements) == 1


@pytest.mark.parametrize("prefix", ["s", "p"])
async def test_hostile_codes_are_pages_that_say_so(house: House, http: httpx.AsyncClient, prefix: str) -> None:
    hostile = [
        "NOBODY", "A" * 16, "a" * 16, "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "../../etc/passwd",
        "' OR 1=1--", "%00", "￿", "A" * 3000, "Ａ" * 16, "{{7*7}}", "批次", "\u202eABC",
    ]  # fmt: skip
    for code in hostile:
        reply = await http.get(f"/{prefix}/{quote(code, safe='')}", headers=PHONE)
        check_page(reply)
        assert "alert(1)" not in reply.text
        assert escape(code) not in reply.text or len(code) < 3
    for path in ("/s/", "/s/a/b", "/s/%FF", "/s/%zz"):
        check_page(await http.get(path))
    check_page(await http.post(f"/s/{'A' * 16}"), 405)
    check_problem(await http.get("/v1/miniapp/scans/NOBODY"), 404)


async def test_what_a_merchant_writes_is_text(house: House, http: httpx.AsyncClient, inside: House) -> None:
    """Fails when ``paragraph`` or ``heading`` does not escape: tried with both."""
    label = await labelled(house, http)
    code = await scan_code(house, http)
    title = await scalar("SELECT title FROM product WHERE code = $1", house.product)
    evil = "<script>alert(1)</script>\"'&"
    await execute("UPDATE product SET title = $2, subtitle = $2 WHERE code = $1", house.product, evil)
    await execute("UPDATE sku SET spec = $2 WHERE code = $1", house.sku, evil)
    try:
        for path in (f"/s/{label.code}", f"/s/{code}", f"/p/{house.product}"):
            text = check_good(await http.get(path))
            assert escape(evil) in text
    finally:
        await execute("UPDATE product SET title = $2, subtitle = '' WHERE code = $1", house.product, title)
        await execute("UPDATE sku SET spec = '500 g/罐' WHERE code = $1", house.sku)


async def test_a_digital_link_leads_to_the_page_of_its_label(
    house: House, http: httpx.AsyncClient, inside: House
) -> None:
    label = await labelled(house, http, serials=1, gtin=GTIN)
    shared = (await owner_of(house, http).ask(
        "merchant_clerk", "POST", f"/v1/console/lots/{label.lot}/labels", {"sku": house.sku}
    ))["labels"][0]  # fmt: skip
    assert label.link.endswith(f"/01/{GTIN}/10/{label.lot}/21/{label.serial}")
    assert shared["link"].endswith(f"/01/{GTIN}/10/{label.lot}")
    for path, target in (
        (f"/01/{GTIN}/10/{label.lot}/21/{label.serial}", f"/s/{label.code}"),
        (f"/01/{GTIN}/22/V1/10/{label.lot}/21/{label.serial}?17=271231", f"/s/{label.code}"),
        (f"/01/{GTIN}/10/{label.lot}", f"/s/{shared['code']}"),
        (f"/01/{GTIN}", f"/p/{house.product}"),
        (f"/01/{GTIN}/22/V1", f"/p/{house.product}"),
    ):
        reply = await http.get(path, headers=PHONE)
        assert (reply.status_code, reply.headers["location"]) == (307, target), path
        check_good(await http.get(target))
    for path in (
        f"/01/{GTIN[:-1]}2", f"/01/{GTIN}/10/{label.lot}/21/FORGED", f"/01/{GTIN}/10/NOBODY", f"/01/{GTIN}/21/A",
        f"/01/{GTIN}/235/A", f"/01/{GTIN}/21/{label.serial}/10/{label.lot}", "/01/06901234567892",
        f"/01/{GTIN}/10/{label.lot}?10={label.lot}", f"/01/{GTIN}/10/%3Cscript%3E", f"/01/{GTIN}/10",
        f"/01/06901234567892/10/{label.lot}", f"/01/{GTIN}/10/{label.lot}?17=1&17=2", f"/01/{GTIN}/10/%E6%89%B9",
    ):  # fmt: skip
        check_page(await http.get(path))


async def test_a_digital_link_has_other_links_by_their_type(
    house: House, http: httpx.AsyncClient, inside: House
) -> None:
    label = await labelled(house, http, serials=1, gtin=GTIN)
    path = f"/01/{GTIN}/10/{label.lot}/21/{label.serial}"
    told = [
        await http.get(f"{path}?linkType=linkset"), await http.get(f"{path}?linkType=all&17=271231"),
        await http.get(path, headers={"accept": "application/linkset+json"}),
    ]  # fmt: skip
    assert {(each.status_code, each.headers["content-type"], each.text) for each in told} == {
        (200, "application/linkset+json", told[0].text)
    }
    (whole,) = told[0].json()["linkset"]
    assert whole.pop("anchor") == f"{house.base}{path}"
    assert {name.removeprefix("https://gs1.org/voc/") for name in whole} == {
        "defaultLink", "pip", "traceability", "certificationInfo", "epcis",
    }  # fmt: skip
    for name, ((link,), target) in {
        "gs1:pip": (whole["https://gs1.org/voc/pip"], f"/p/{house.product}"),
        "gs1:traceability": (whole["https://gs1.org/voc/traceability"], f"/s/{label.code}"),
        "https://gs1.org/voc/certificationInfo": (whole["https://gs1.org/voc/certificationInfo"], f"/s/{label.code}"),
    }.items():
        reply = await http.get(path, params={"linkType": name})
        assert (reply.status_code, reply.headers["location"]) == (307, target)
        assert link["href"] == house.base + target
        check_good(await http.get(target))
    events = (await http.get(path, params={"linkType": "gs1:epcis"})).headers["location"]
    seen = await http.get(events, headers=house.headers("merchant_clerk"))
    assert seen.status_code == 200
    assert (await http.get(events)).status_code == 401
    assert (await http.get(path)).headers["link"].startswith(f"<{path}?linkType=linkset>")
    alone = (await http.get(f"/01/{GTIN}?linkType=linkset")).json()["linkset"][0]
    assert set(alone) == {"anchor", "https://gs1.org/voc/defaultLink", "https://gs1.org/voc/pip"}
    for other in ("gs1:recipeInfo", "pip", "gs1:", "javascript:alert(1)"):
        check_page(await http.get(path, params={"linkType": other}))
    check_page(await http.get(f"/01/{GTIN}?linkType=gs1:traceability"))


@pytest.mark.parametrize("gtin", [None, "02012345678900"])
async def test_goods_without_a_gtin_that_holds_everywhere_get_no_fake_link(
    house: House, http: httpx.AsyncClient, inside: House, gtin: str | None
) -> None:
    label = await labelled(house, http, serials=1, gtin=gtin)
    assert label.link == f"{house.base}/s/{label.code}"
    check_page(await http.get(f"/01/02012345678900/10/{label.lot}/21/{label.serial}"))


def test_a_token_names_a_label_as_it_names_a_code() -> None:
    tokens = ScanTokens("s" * 40)
    code = opaque_id()[:16]
    assert tokens.verify(tokens.token(code)) == f"scan:{code}"


async def test_a_label_tells_what_was_found_in_its_lot_and_that_it_was_called_back(
    house: House, http: httpx.AsyncClient, inside: House
) -> None:
    label, owner = await labelled(house, http), owner_of(house, http)
    page = check_good(await http.get(f"/s/{label.code}", headers=PHONE))
    assert "召回" not in page
    assert "检验机构" not in page
    lots = f"/v1/console/lots/{label.lot}"
    number = (await owner.ask("merchant_clerk", "POST", f"{lots}/inspections"))["number"]
    path = f"/v1/console/inspections/{number}"
    sample = {"code": "YP-1", "mass_gram": 100, "taken_at": utc_now().isoformat()}
    await owner.ask("county_officer", "PUT", f"{path}/samples", {"samples": [sample]})
    finding = {"name": "毒死蜱<b>", "allowed": "0.02", "found": "0.5", "unit": "mg/kg", "method": "GB 23200.113"}
    told = {"laboratory": "示例检测中心", "report": "SL-1", "findings": [finding | {"is_good": False}]}
    await owner.ask("county_officer", "PUT", f"{path}/report", told)
    cause = {"lot": label.lot, "cause": "农残超标", "document": "示例召回1号"}
    await owner.ask("merchant_clerk", "POST", "/v1/console/recalls", cause)
    await asyncio.sleep(LASTING_S)
    page = check_good(await http.get(f"/s/{label.code}", headers=PHONE))
    assert "召回公告：本批次已召回，请停止使用并联系卖家退货。原因：农残超标" in page
    assert "毒死蜱&lt;b&gt;：0.5mg/kg，不合格（限值 0.02）" in page
    assert "示例检测中心" in page
