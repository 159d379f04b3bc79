"""What keeps the gate shut, in words that say what to do next."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from kit.errors import Words
from live.readiness.checks import Finding, ProductCheck
from merchants.papers import PaperKind
from products.catalogue_models import CertificateKind

OBSTACLES = {
    "unknown": Words(
        "主播尚未建档，或账号已停用主播身份：请县直播中心建档或恢复账号",
        "The host is not on the roster, or the account presents no more: ask the live centre to enter or restore it",
    ),
    "blacklisted": Words(
        "主播在黑名单上：须由县级两人审核移出后方可开播",
        "The host is blacklisted: two officers have to lift it first",
    ),
    "identity_check": Words(
        "没有在开播当日有效的身份核验：请县直播中心核验证件并上传核验材料",
        "No identity check holds on the day: ask the live centre to check the card and enter its paper",
    ),
    "contract": Words(
        "没有在开播当日有效的主播合同：请县直播中心登记合同并上传扫描件",
        "No contract covers the day: ask the live centre to enter one with its file",
    ),
    "training": Words(
        "没有已完成的主播培训记录：请完成培训，由县直播中心登记结业证明",
        "No completed training is on record: complete one and have the live centre enter its certificate",
    ),
    "too_young": Words(
        "主播在开播当日未满十六周岁，不得开播",
        "The host is under sixteen on the day and may not present",
    ),
    "guardian_consent": Words(
        "主播未满十八周岁，缺监护人同意书：请县直播中心上传",
        "The host is under eighteen and a guardian's consent is missing: ask the live centre to enter it",
    ),
    "reverification": Words(
        "开播前二十四小时内没有本场身份核验：请主播本人声明，或由县级人员核验",
        "Nobody has verified the host for this session within 24 hours: declare it, or ask an officer to",
    ),
    "readiness": Words(
        "本场尚未通过开播检查：请先申请待开播，再取推流地址",
        "The session has not passed its gate: ask for readiness first, then for an address",
    ),
}
"""By code; ``sign_off`` is said of each product."""

_UNSIGNED = Words("待县级人员播前审核签字", "an officer has to sign it off")
_CHANGED = Words(
    "签字后改名或改价，须由县级人员重签", "title or price changed since it was signed: an officer has to sign it anew"
)
FINDINGS = {
    "merchant_paper": Words("商户缺少在开播当日有效的证照", "the merchant lacks a paper that holds on the day"),
    "certificate": Words("缺少在开播当日有效的商品证明", "it lacks a certificate that holds on the day"),
    "knife_review": Words("刀具规格尚未经县级审核", "its blade has not been reviewed by the county"),
    "category": Words("尚未选择类目", "it has no category"),
    "merchant": Words(
        "商户未获批准、已暂停，或营业执照在开播当日已过期",
        "its merchant is not approved, is suspended, or has no valid licence on the day",
    ),
    "not_listed": Words(
        "未上架或已停售：请商户补齐后上架，或从货架移除",
        "it is not listed: have the merchant list it, or take it off the shelf",
    ),
    "foreign_merchant": Words(
        "所属商户在本场没有时段：请加入时段，或从货架移除",
        "its merchant has no slot in the session: add one, or take it off the shelf",
    ),
    "lot_certificate": Words(
        "没有一个批次附有承诺达标合格证：请商户补充",
        "no lot of it has a certificate of conformity: the merchant has to add one",
    ),
    "price_evidence": Words(
        "划线价未满七日，降价缺少依据：请恢复原价、结束降价，或等满七日",
        "the list price beside a reduction has not stood for seven days: restore it, end the reduction, or wait",
    ),
}
PAPERS: dict[str, Words] = {
    PaperKind.BUSINESS_LICENCE: Words("营业执照", "business licence"),
    PaperKind.FOOD_BUSINESS: Words("食品经营许可证", "food business licence"),
    PaperKind.PREPACKAGED_FOOD_FILING: Words("仅销售预包装食品备案", "filing for prepackaged food"),
    PaperKind.SMALL_WORKSHOP: Words("食品小作坊登记证", "registration of a small workshop"),
    PaperKind.SPECIAL_TRADE: Words("特种行业许可证", "licence of a special trade"),
    PaperKind.HOMESTAY_FILING: Words("民宿备案", "filing of a homestay"),
    PaperKind.BRAND: Words("商标或品牌授权", "trade mark or brand licence"),
    PaperKind.OWN_PRODUCE_STATEMENT: Words("自产农产品声明", "statement of own produce"),
    CertificateKind.COMMITMENT: Words("承诺达标合格证", "certificate of conformity"),
    CertificateKind.QUARANTINE: Words("动植物检疫证明", "quarantine certificate"),
    CertificateKind.TEST_REPORT: Words("检测报告", "test report"),
    CertificateKind.GREEN_FOOD: Words("绿色食品证书", "green food certificate"),
    CertificateKind.ORGANIC: Words("有机产品认证证书", "organic certificate"),
    CertificateKind.GEOGRAPHICAL: Words("地理标志证书", "geographical indication"),
}


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that stands against going on air. ``product`` is the SKU that it is about, ``title`` what that is
    called; one of ``any_of``, kinds of paper, would mend it.
    """

    code: str
    text: str
    product: str | None = None
    title: str = ""
    any_of: list[str] = []


def reasons(obstacles: Iterable[str], checks: Sequence[ProductCheck], *, english: bool) -> list[Reason]:
    """Obstacles and what the check finds, in one language."""
    told = reasons_as_facts(obstacles, checks)
    return [Reason(**each | {"text": each["text"].told(english=english)}) for each in told]


def reasons_as_facts(obstacles: Iterable[str], checks: Sequence[ProductCheck] = ()) -> list[dict[str, Any]]:
    """The same for a refusal, in both languages."""
    found: list[dict[str, Any]] = [{"code": name, "text": OBSTACLES[name]} for name in obstacles if name != "sign_off"]
    for check in checks:
        found += [_of_product(check, each.kind, _finding(each), each.any_of) for each in check.findings]
        if not check.is_signed and not check.findings:
            found.append(_of_product(check, "sign_off", _CHANGED if check.signed_by else _UNSIGNED))
    return found


def _finding(finding: Finding) -> Words:
    said, papers = FINDINGS[finding.kind], [PAPERS[each] for each in finding.any_of if each in PAPERS]
    if not papers:
        return said
    return Words(
        f"{said.chinese}：{'或'.join(each.chinese for each in papers)}",
        f"{said.english}: {' or '.join(each.english for each in papers)}",
    )


def _of_product(check: ProductCheck, code: str, said: Words, any_of: Sequence[str] = ()) -> dict[str, Any]:
    title = check.title or check.sku
    text = Words(f"《{title}》（{check.sku}）：{said.chinese}", f"{title} ({check.sku}): {said.english}")
    return {"code": code, "text": text, "product": check.sku, "title": check.title, "any_of": list(any_of)}
