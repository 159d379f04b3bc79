"""Where a Digital Link leads besides its usual page: link types of the GS1 Web Vocabulary, linksets of RFC 9264."""

from urllib.parse import quote

import msgspec

from scans.labels import LinkTarget

LINKSET_TYPE = "application/linkset+json"
VOCABULARY = "https://gs1.org/voc/"
_HTML = {"type": "text/html", "hreflang": ["zh-CN"]}


def usual(target: LinkTarget) -> str:
    """The page that a scan leads to, as a path."""
    return f"/s/{target.label}" if target.label is not None else f"/p/{target.product}"


def links(target: LinkTarget, base: str) -> dict[str, dict[str, object]]:
    """What there is to a thing, by link type. ``base`` is the house's address without a slash at its end.

    The page of a lot shows its reports and certificates too. Events are read by clerks, county and auditors alone.
    """
    page = {"href": base + usual(target), **_HTML}
    found: dict[str, dict[str, object]] = {"defaultLink": {**page, "title": "扫码页"}}
    if target.product is not None:
        found["pip"] = {"href": f"{base}/p/{target.product}", **_HTML, "title": "商品信息"}
    if target.lot is not None:
        thing = quote(f"{base}/trace/lot/{target.lot}", safe="")
        found["traceability"] = {**page, "title": "批次追溯"}
        found["certificationInfo"] = {**page, "title": "检验与认证"}
        found["epcis"] = {
            "href": f"{base}/v1/console/epcis/events?MATCH_anyEPCClass={thing}",
            "type": "application/json",
            "title": "追溯事件（EPCIS 2.0，需登录）",
        }
    return found


def linkset(anchor: str, target: LinkTarget, base: str) -> bytes:
    """All links of a thing as one document. ``anchor`` is the Digital Link that was asked for, without its query."""
    told: dict[str, object] = {"anchor": anchor}
    told |= {VOCABULARY + name: [link] for name, link in links(target, base).items()}
    return msgspec.json.encode({"linkset": [told]})


def asked_for(link_type: str, accept: str) -> str | None:
    """Which link is wanted by its bare name, '' the usual one, 'linkset' all of them; None is no link type of GS1's."""
    if link_type in ("linkset", "all") or (not link_type and LINKSET_TYPE in accept):
        return "linkset"
    if not link_type:
        return ""
    for prefix in ("gs1:", VOCABULARY):
        if link_type.startswith(prefix):
            return link_type.removeprefix(prefix) or None
    return None
