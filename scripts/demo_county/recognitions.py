"""How the demo county's products came to be recognised, and how far others are on that way (domain reference 2.4).

Every office and every paper is an example; the days of a notice are made up until the county enters its own.
"""

from collections.abc import Mapping
from datetime import date, timedelta

from kit.clock import china_day, utc_now
from products.dossiers import product_dossier
from products.mark_queries import recognitions as recognised
from products.marks import Marks, RegisterEntry, Span
from products.recognition.models import NoticeLevel, RecognitionState
from products.recognition.service import CasePaper, Recognitions
from scripts.demo_county.households import BY, SECOND, SINCE

_S = RecognitionState
NOTICE_DAYS = 7
# What a case comes to, days before today by the papers, which office, and what its paper is called.
WAY = (
    (_S.APPLIED, 75, "示例申请主体", "认定申请书"),
    (_S.TOWNSHIP_REVIEWED, 70, "示例乡镇人民政府", "镇办初审意见"),
    (_S.INDUSTRY_REVIEWED, 64, "示例行业主管部门", "行业复审意见"),
    (_S.COUNTY_DECIDED, 58, "示例县级认定工作组", "县级审定纪要"),
    (_S.ON_NOTICE, 55, "示例县级认定工作组", "公示张贴照片"),
    (_S.NOTICED, 45, "示例县级认定工作组", "公示无异议证明"),
    (_S.RECOMMENDED, 40, "示例县级认定工作组", "推荐上报文件"),
)
ENDS = {"P": _S.RECOMMENDED, "N": _S.ON_NOTICE, "O": _S.ON_NOTICE, "T": _S.TOWNSHIP_REVIEWED}
"""How far the case of a product with such a mark has come; of one with O the notice was stopped by an objection."""


async def enter_recognitions(marks: Marks, products: Mapping[str, str]) -> None:
    """For every product, by its code with its mark, the steps that were taken, and for those with P the recognition."""
    service = Recognitions()
    await service.set_rule(NOTICE_DAYS, SINCE, "DEMO-公示规定：示例数值，未经核实", BY)
    today = china_day(utc_now())
    span = Span(valid_from=today - timedelta(days=30), valid_until=today + timedelta(days=335))
    for serial, (product, mark) in enumerate(products.items(), 1):
        case = await walk(service, product, serial, ENDS[mark], today)
        if mark == "O":
            paper = CasePaper(title="异议书", document=f"DEMO-异议-{serial:02d}", dated=today - timedelta(days=52))
            await service.act(case, _S.OBJECTED, "示例异议人", [paper], BY, "示例：对带动户数有异议")
        if mark == "P":
            await marks.recognise(case, f"DEMO-PRODUCT-{serial:02d}", "陇川县示例认定单位", "DEMO-第 1 批", span, BY)
    await _enter_register(marks)


async def walk(service: Recognitions, product: str, serial: int, end: RecognitionState, today: date) -> str:
    """Take a product's case as far as ``end``; answers its number."""
    case = ""
    for state, days, office, title in WAY:
        dated, document = today - timedelta(days=days), f"DEMO-{state}-{serial:02d}"
        if state is _S.APPLIED:
            case = await service.apply(
                None, product, office, CasePaper(title=title, document=document, dated=dated), BY
            )
        else:
            levels = [*NoticeLevel] if state is _S.ON_NOTICE else [None]
            papers = [CasePaper(title=title, document=document, dated=dated, level=level) for level in levels]
            await service.act(case, state, office, papers, SECOND if state is _S.COUNTY_DECIDED else BY)
        if state is end:
            break
    return case


async def _enter_register(marks: Marks) -> None:
    """What the register lists of every recognised product, with the prices that it has."""
    found, _ = await recognised(None, None, 100)
    for serial, each in enumerate(sorted(found, key=lambda one: one.document), 1):
        product = await product_dossier(each.product)
        prices = [sku.price_fen for sku in product.skus]
        entry = RegisterEntry(
            list_number=f"DEMO-1-{serial:02d}", category="示例类别", spec=product.skus[0].spec, capacity="示例年产",
            value_fen=50_000_000, price_from_fen=min(prices), price_to_fen=max(prices), compared="示例同规格市价",
            document=f"DEMO-名录-{serial:02d}",
        )  # fmt: skip
        await marks.add_entry(each.number, entry, BY)
