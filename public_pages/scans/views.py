"""The two pages behind a code: of a lot's goods, and of a product on sale."""

from datetime import date, datetime
from urllib.parse import quote

from content.stories.service import ShownStory
from kit.clock import CHINA
from kit.money import yuan
from merchants.queries import ShopFront
from products.queries import PUBLIC_BRAND, ClaimedCertificate, ProductPage
from public_pages.markup import button, facts, heading, listed, page, paragraph
from scans.label_pages import LabelPage, LabReport
from scans.service import PAGE

_KINDS = {
    "commitment": "承诺达标合格证",
    "quarantine": "检疫证明",
    "test_report": "检验报告",
    "green_food": "绿色食品",
    "organic": "有机产品",
    "geographical": "地理标志",
}
_MARK = '<p><span class="m">县域公共品牌授权产品</span></p>'
MOST_CERTIFICATES = 20
MOST_SKUS = 30
MOST_FINDINGS = 30


def mini_program_address(appid: str, code: str) -> str:
    """What opens the mini-program at a code, so that a purchase there still counts for it.

    WeChat's plain URL scheme; its path has to be allowed in the mini-program's settings.
    """
    query = quote(f"scene={code}", safe="")
    return f"weixin://dl/business/?appid={quote(appid, safe='')}&path={quote(PAGE, safe='/')}&query={query}"


def label_view(shown: LabelPage, shop: str) -> str:
    """The page of a lot's goods; ``shop`` opens the mini-program there."""
    return page(
        f"{shown.title} · 溯源",
        heading(shown.title, 1),
        paragraph(shown.spec),
        _MARK if shown.branded else "",
        _recall(shown),
        paragraph("本批次已过保质期，请勿食用。", "w") if shown.is_past_best else "",
        _scans(shown),
        heading("批次"),
        facts(
            [
                ("批次号", shown.lot),
                ("生产批号", shown.out_batch_no),
                ("单件序号", shown.serial),
                ("保质期至", shown.best_before.isoformat() if shown.best_before is not None else None),
                ("承诺达标合格证", shown.conformity),
                ("冷藏温度", _celsius(shown.cold_chain_celsius_milli)),
                ("产地", "、".join(shown.origins)),
                ("生产经营者", shown.producer or "自产自销农户（依法免于登记）"),
            ]
        ),
        paragraph(f"本批次由 {shown.farmers} 户农户供货。") if shown.farmers is not None else "",
        _story(shown.story),
        heading("过程"),
        listed(_timeline(shown)),
        _test_report(shown.test_report),
        _certificates(shown.certificates),
        _licence(shown.licence_number, shown.licence_until),
        button("在微信小程序再次购买", shop) if shown.on_sale else paragraph("该商品目前未在售。"),
        _complaint(),
    )


def product_view(shown: ProductPage, front: ShopFront, shop: str | None) -> str:
    """The page of a product on sale; ``shop`` opens the mini-program at the code that was scanned."""
    skus = [f"{sku.spec}：{yuan(sku.price_fen)} 元" for sku in shown.skus[:MOST_SKUS]]
    return page(
        shown.title,
        heading(shown.title, 1),
        paragraph(shown.subtitle) if shown.subtitle else "",
        _MARK if PUBLIC_BRAND in shown.marks else "",
        facts([("产地", shown.township_name), ("店铺", shown.merchant_name)]),
        heading("规格与价格"),
        listed(skus),
        _story(shown.story),
        _certificates(shown.certificates),
        _licence(front.licence_number, front.licence_until),
        button("在微信小程序购买", shop) if shop is not None else paragraph("请在微信小程序内搜索本商品购买。"),
        _complaint(),
    )


def _story(story: ShownStory | None) -> str:
    if story is None:
        return ""
    paragraphs = "".join(paragraph(line) for line in story.text.splitlines() if line.strip())
    return (
        heading("人物故事") + paragraphs + (paragraph(f"故事中的人：{'、'.join(story.names)}") if story.names else "")
    )


def _scans(shown: LabelPage) -> str:
    if shown.first_scanned_at is None:
        return paragraph("本标签尚无扫码记录。", "w")
    what = "本件商品" if shown.serial is not None else "本批次标签"
    text = f"{what}首次扫码：{_minute(shown.first_scanned_at)}，累计扫码 {shown.scans} 次。"
    warning = "如您刚拆封却并非首次扫码，请留意是否为假冒商品。" if shown.serial is not None else ""
    return paragraph(text + warning, "w")


def _timeline(shown: LabelPage) -> list[str]:
    steps = [
        ("采收", _span(shown.harvested_from, shown.harvested_until)),
        ("收购", _span(shown.first_taken_in, shown.last_taken_in)),
        ("组成批次", _span(shown.made_on, None)),
        ("批次封存", _span(shown.sealed_on, None)),
        ("开始装箱", _span(shown.packed_on, None)),
    ]
    return [f"{days} {name}" for name, days in steps if days is not None]


def _span(first: date | None, last: date | None) -> str | None:
    if first is None:
        return None
    return first.isoformat() if last is None or last == first else f"{first.isoformat()} 至 {last.isoformat()}"


def _celsius(span: tuple[int, int] | None) -> str | None:
    if span is None:
        return None
    lowest, highest = (f"{milli / 1000:.1f} ℃" for milli in span)
    return f"最低 {lowest}，最高 {highest}"


def _recall(shown: LabelPage) -> str:
    if shown.recalled is None:
        return ""
    return paragraph(f"召回公告：本批次已召回，请停止使用并联系卖家退货。原因：{shown.recalled}", "w")


def _test_report(report: LabReport | None) -> str:
    if report is None:
        return ""
    found = [
        f"{each.name}：{each.found}{each.unit}，{'合格' if each.is_good else '不合格'}（限值 {each.allowed}）"
        for each in report.findings[:MOST_FINDINGS]
    ]
    word = "合格" if report.passed else "不合格"
    told = [("检验机构", report.laboratory), ("报告编号", report.report), ("结论", word)]
    return heading("本批次检验") + facts(told) + listed(found)


def _certificates(certificates: list[ClaimedCertificate]) -> str:
    if not certificates:
        return ""
    told = [
        f"{_KINDS.get(each.kind, '证书')} {each.document}（{each.issuer}，有效期至 {each.valid_until.isoformat()}）"
        for each in certificates[:MOST_CERTIFICATES]
    ]
    return heading("今日有效的证书") + listed(told)


def _licence(number: str | None, until: date | None) -> str:
    if number is None:
        return ""
    return heading("营业执照") + facts([("编号", number), ("有效期至", until.isoformat() if until else "长期")])


def _complaint() -> str:
    return button("投诉举报（12315）", "tel:12315", "b c") + paragraph("在微信小程序内可直接向县级主管部门投诉。")


def _minute(moment: datetime) -> str:
    return moment.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")
