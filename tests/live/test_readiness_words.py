"""Why the gate stays shut, in words: what a host reads, in the language that was asked for."""

from datetime import date

import httpx
import pytest

from kit.database import execute, scalar
from live.models import LiveSession
from live.readiness.words import FINDINGS, OBSTACLES, PAPERS
from merchants.papers import PaperKind
from products.catalogue_models import CertificateKind, ProductClass, RequirementKind
from products.categories import Categories
from tests.doors.conftest import house, http, inside
from tests.doors.house import House as Doors
from tests.doors.house import idempotency_key
from tests.live.belongings import own_account
from tests.live.rooms import HOST, House
from tests.products.shelf import listed_product

__all__ = ["house", "http", "inside"]


def test_every_paper_and_every_demand_has_words() -> None:
    assert set(OBSTACLES) == {
        "unknown", "blacklisted", "identity_check", "contract", "training", "too_young", "guardian_consent",
        "reverification", "readiness",
    }  # fmt: skip
    assert set(PAPERS) == {*PaperKind, *CertificateKind}
    assert {*RequirementKind} <= set(FINDINGS)
    for words in (*OBSTACLES.values(), *FINDINGS.values(), *PAPERS.values()):
        assert words.chinese
        assert words.english.isascii()


@pytest.mark.asyncio
@pytest.mark.usefixtures("inside")
async def test_a_refusal_says_what_to_do_next_and_of_which_product(house: Doors, http: httpx.AsyncClient) -> None:
    """Over the door, at the gate, at the signature and at the address. Fails when a code stands without a text, when
    its papers are not named, or when it is told in the other language: tried.
    """
    rooms = House()
    session = await rooms.scheduled(house.merchant)
    (_, (lacking,)), (_, (unsigned,)) = [await listed_product(house.merchant) for _ in range(2)]
    for code in (lacking, unsigned):
        await rooms.shelf.put(session.number, HOST, code)
    title = await scalar("SELECT p.title FROM product p JOIN sku s ON s.product_id = p.id WHERE s.code = $1", lacking)
    await Categories().enter("lacking", "示例类目", ProductClass.GOODS)
    await Categories().require(
        "lacking", RequirementKind.MERCHANT_PAPER, ["food_business", "small_workshop"], date(2020, 1, 1), None,
        "示例文件", "staff:test",
    )  # fmt: skip
    await execute(
        "UPDATE product SET category_id = (SELECT id FROM category WHERE code = 'lacking')"
        " WHERE id = (SELECT product_id FROM sku WHERE code = $1)",
        lacking,
    )
    await LiveSession.filter(id=session.id).update(host=await own_account())
    path = f"/v1/console/live/sessions/{session.number}"

    async def ask(role: str, method: str, below: str, language: str, body: object = None) -> httpx.Response:
        headers = house.headers(role, idempotency_key=idempotency_key()) | {"accept-language": language}
        return await http.request(method, path + below, json=body, headers=headers)

    refused = await ask("host", "PUT", "/readiness", "zh-CN")
    assert (refused.status_code, refused.json()["code"]) == (409, "live_session_not_ready")
    told = {each["code"]: each for each in refused.json()["reasons"]}
    assert list(told) == ["unknown", "reverification", "merchant_paper", "not_listed", "sign_off"]
    assert told["unknown"] == {"code": "unknown", "text": OBSTACLES["unknown"].chinese}
    assert told["merchant_paper"] == {
        "code": "merchant_paper",
        "text": f"《{title}》（{lacking}）：商户缺少在开播当日有效的证照：食品经营许可证或食品小作坊登记证",
        "product": lacking,
        "title": title,
        "any_of": ["food_business", "small_workshop"],
    }
    assert (told["sign_off"]["product"], unsigned in told["sign_off"]["text"]) == (unsigned, True)
    in_english = [
        OBSTACLES["unknown"].english,
        OBSTACLES["reverification"].english,
        f"{title} ({lacking}): the merchant lacks a paper that holds on the day:"
        " food business licence or registration of a small workshop",
        f"{title} ({lacking}): {FINDINGS['not_listed'].english}",
        f"{title} ({unsigned}): an officer has to sign it off",
    ]
    for method in ("PUT", "GET"):
        answer = (await ask("host", method, "/readiness", "en")).json()
        assert [each["text"] for each in answer["reasons"]] == in_english
    signing = await ask("county_officer", "POST", "/sign-offs", "zh-CN", {"skus": [lacking, unsigned]})
    assert signing.json()["code"] == "live_product_not_cleared"
    assert signing.json()["reasons"] == [told["merchant_paper"], told["not_listed"]]
    address = await ask("host", "POST", "/push-address", "en")
    assert address.json()["reasons"] == [{"code": "readiness", "text": OBSTACLES["readiness"].english}]
    await rooms.signed(session.number, unsigned)
    await execute(
        "UPDATE product SET title = '改名的红糖' WHERE id = (SELECT product_id FROM sku WHERE code = $1)", unsigned
    )
    changed = (await ask("county_officer", "GET", "/readiness", "zh-CN")).json()["reasons"][-1]
    assert changed["text"] == f"《改名的红糖》（{unsigned}）：签字后改名或改价，须由县级人员重签"
