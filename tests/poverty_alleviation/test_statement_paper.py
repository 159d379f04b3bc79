"""The statement as it lies on the table: no word out of place, a code on every page, figures above the boxes."""

from datetime import UTC, date, datetime

import zxingcpp

from poverty_alleviation.office.net_income import CropCost, Estimate
from poverty_alleviation.queries import CategoryIncome
from poverty_alleviation.reserves.models import ClawbackFault
from poverty_alleviation.statements.claims import ClaimStep, ClaimStepKind
from poverty_alleviation.statements.figures import CATEGORIES, ProductLine, StatementText
from poverty_alleviation.statements.paper import SIGNATURES, bundle_paper, statement_paper
from poverty_alleviation.statements.service import PrintedStatement
from poverty_alleviation.statements.words import ESTIMATED, NO_INCOME
from public_pages.markup import MAX_PAGE_BYTES
from public_pages.statements.views import statement_view
from tests.poverty_alleviation.papers import drawn_code, pages_of, placed

LONG_NAME = "示例买买提·吐尔逊江·阿卜杜热合曼" * 3
LONG_TITLE = "示例：德宏傣族景颇族自治州陇川县特产古法红糖礼盒装（2026年秋季新糖），500 g × 12"


def shown(lines: int, serial: int = 1, name: str = "示例户主") -> PrintedStatement:
    """A statement with everything: a long title, an estimate by two kinds of crop, a claim."""
    day = date(2026, 11, 23)
    titles = [LONG_TITLE if place % 7 == 1 else f"示例产品 {place}" for place in range(lines)]
    text = StatementText(
        number=f"T{serial:026}",
        household=f"示例H{serial}",
        township="533124100",
        village="陇川县章凤镇章凤村",
        quarter="2026-Q4",
        roots={},
        attributed_sales_fen=12_345_678,
        income_paid_fen=250_872,
        income_confirmed_fen=872,
        income_by_category=[CategoryIncome(category, 62_718, 218) for category in CATEGORIES],
        lines=[
            ProductLine(product=f"P{place}", title=title, attributed_sales_fen=place, income_paid_fen=place)
            for place, title in enumerate(titles)
        ],
        estimate=Estimate(
            cost_fen=25_087,
            uncosted_fen=500,
            net_fen=225_785,
            persons=4,
            per_person_fen=56_446,
            crops=[
                CropCost(crop="", received_fen=500, rate_bp=None, source=None, cost_fen=0),
                CropCost(crop="cash_crop", received_fen=62_218, rate_bp=4_000, source="示例明白卡", cost_fen=25_087),
            ],
        ),
        claims=[
            ClaimStep(claim="K2026", fault=ClawbackFault.ADULTERATED, kind=kind, day=day, amount_fen=fen, left_fen=left)
            for kind, fen, left in ((ClaimStepKind.CLAIMED, 200, 200), (ClaimStepKind.SET_OFF, 174, 26))
        ],
        lineage=[],
    )
    issued_at, link = datetime(2027, 1, 5, tzinfo=UTC), f"https://longchuan.example/h/{serial:032}"
    return PrintedStatement(text=text, digest="ab" * 32, issued_at=issued_at, name=name, link=link)


def test_sixty_lines_go_over_pages_that_each_file_themselves() -> None:
    """Fails when a page that follows has no code, no head, or when the boxes stand without a figure: tried."""
    one = shown(60, name=LONG_NAME)
    paper = statement_paper(one)
    pages = pages_of(paper)
    assert len(pages) == 3
    for at, page in enumerate(pages):
        (code,) = zxingcpp.read_barcodes(drawn_code(paper, at))
        assert code.text == one.link
        assert f"{one.text.number}　示例H1　第 {at + 1} 页，共 3 页" in page
        assert "产品\n带动销售额\n增收额（已付）" in page
    signed = pages[-1]
    assert [page for page in pages if all(label in page.split("\n") for label in SIGNATURES)] == [signed]
    assert "带动销售额 123456.78 元；增收额（已付）2508.72 元，其中已确认 8.72 元。" in signed
    printed = "".join(pages).replace("\n", "")
    assert LONG_NAME in printed
    assert LONG_TITLE in printed


def test_no_word_is_outside_of_the_paper_or_under_its_code() -> None:
    """Millimetres of an A4 page; the code takes 30 of the upper right corner, 10 from above.

    Fails when lines are not broken before the code: tried.
    """
    papers = statement_paper(shown(60, name=LONG_NAME)), bundle_paper([shown(2, at, LONG_NAME) for at in range(40)])
    for paper in papers:
        for left, right, base in placed(paper):
            assert 15.9 < left < right < 194.1
            assert 10 < base < 292
    assert all(right < 164.1 for _, right, base in placed(papers[0]) if base < 40)


def test_estimates_and_claims_are_marked_and_have_their_source() -> None:
    for words in (pages_of(statement_paper(shown(2)))[0].replace("\n", " "), statement_view(shown(2).text)):
        for said in (
            ESTIMATED,
            NO_INCOME,
            "示例明白卡",
            "40%",
            "250.87",
            "2257.85",
            "564.46",
            "未登记",
            "其他经济作物",
        ):
            assert said in words
        for said in ("2026-11-23", "掺杂掺假", "抵扣", "1.74", "0.26"):
            assert said in words
    (page,) = pages_of(statement_paper(shown(2)))
    assert "合计\n2508.72\n8.72" in page, "no total has an estimate in it"
    assert "合计\n123456.78\n2508.72" in page


def test_the_page_behind_the_code_stays_small() -> None:
    assert len(statement_view(shown(200).text).encode()) < MAX_PAGE_BYTES


def test_the_pages_of_a_bundle_are_counted_by_household() -> None:
    pages = pages_of(bundle_paper([shown(20, 1), shown(2, 2), shown(2, 3)]))
    counted = [page.split("\n")[-1].rsplit("　", 1)[-1] for page in pages]
    assert counted == ["第 1 页，共 1 页", "第 1 页，共 2 页", "第 2 页，共 2 页", *["第 1 页，共 1 页"] * 2]
