"""The receipt of a delivery: what the scale said, for whoever may see it, and nothing of anybody's status."""

import pytest
import zxingcpp

from tests.accounts.people import throwaway_cipher
from tests.poverty_alleviation.papers import drawn_code, pages_of
from tests.traceability.test_lots import KEEPER, Yard, yard  # noqa: F401 - the fixture
from traceability.errors import IntakeUnknown
from traceability.models import IntakeMode
from traceability.receipts import SIGNATURES, IntakeReceipts

RECEIPTS = IntakeReceipts(throwaway_cipher(), "https://longchuan.example")


async def weighed(yard: Yard) -> str:  # noqa: F811
    """12.345 kg at 8.00: by hand 12.345 × 8.00 = 98.76."""
    told = yard.weighing(
        mass_gram=12_345, unit_price_fen=800, mode=IntakeMode.PAID_AT_SCALE, evidence="示例回单1",
        gross_gram=12_845, tare_gram=500,
    )  # fmt: skip
    return await yard.intakes.accept(KEEPER, told)


async def test_a_receipt_says_what_was_weighed_and_is_the_same_each_time(yard: Yard) -> None:  # noqa: F811
    number = await weighed(yard)
    shown = await RECEIPTS.receipt(KEEPER.township, None, number)
    paper = RECEIPTS.paper(shown)
    (text,) = pages_of(paper)
    figures = ("12.345 千克", "12.845 / 0.500 千克", "8.00 元/千克", "98.76 元", "现款收购（当场付清）", "一级")
    for said in (*figures, number, yard.supplier, *SIGNATURES):
        assert said in text
    assert "示例回单1" not in text
    for status in ("贫困", "脱贫", "监测", "建档"):
        assert status not in text
    assert RECEIPTS.paper(await RECEIPTS.receipt(None, yard.merchant, number)) == paper
    (code,) = zxingcpp.read_barcodes(drawn_code(paper, 0))
    assert code.text == RECEIPTS.link(number)


async def test_nobody_else_prints_it_and_no_other_code_opens_its_page(yard: Yard) -> None:  # noqa: F811
    number = await weighed(yard)
    for township, merchant in (("533124201", None), (None, yard.other), (KEEPER.township, yard.other)):
        with pytest.raises(IntakeUnknown):
            await RECEIPTS.receipt(township, merchant, number)
    token = RECEIPTS.link(number).rpartition("/")[2]
    assert (await RECEIPTS.behind(number, token)).card.number == number
    for wrong in ("", token[:-1], token.upper() + "0", "核" * 24, "0" * 24):
        with pytest.raises(IntakeUnknown):
            await RECEIPTS.behind(number, wrong)
    with pytest.raises(IntakeUnknown):
        await RECEIPTS.behind(number + "X", token)
