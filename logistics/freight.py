"""What sending goods to a region costs, and how each line shares in it (decision 0021). Pure but for one read."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal

import msgspec

from kit.clock import utc_now
from kit.database import rows
from kit.money import split_fen
from logistics.errors import FreightTemplateUnknown, RegionNotServed
from logistics.regions import PREFIX_LENGTHS, check_region


class FreightRule(msgspec.Struct, frozen=True, kw_only=True):
    """What a template asks for in some regions, or, with no ``regions``, everywhere else.

    Units are pieces or gram, as the template counts. ``first_fen`` pays for the first ``first`` units, every further
    ``further`` units begun cost ``further_fen``. Sending is free from ``free_from_fen`` of goods or from
    ``free_from_pieces`` on. The parcel arrives ``days_from`` to ``days_to`` days after it was handed over.
    """

    first: int
    first_fen: int
    further: int
    further_fen: int
    regions: tuple[str, ...] = ()
    free_from_fen: int | None = None
    free_from_pieces: int | None = None
    days_from: int = 1
    days_to: int = 7

    def alone_fen(self, units: int) -> int:
        """For a parcel of its own."""
        return self.first_fen + _begun(units - self.first, self.further) * self.further_fen

    def beside_fen(self, units: int) -> int:
        """For goods that travel beside others which have paid their first units: never more than alone."""
        return min(_begun(units, self.further) * self.further_fen, self.alone_fen(units))

    def is_free(self, goods_fen: int, pieces: int) -> bool:
        """Whether this much is sent for nothing."""
        return (self.free_from_fen is not None and goods_fen >= self.free_from_fen) or (
            self.free_from_pieces is not None and pieces >= self.free_from_pieces
        )


class FreightTerms(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a template. ``not_served`` holds prefixes of regions, as the rules' ``regions`` do."""

    template: str
    version: int
    unit: Literal["piece", "weight"]
    rules: tuple[FreightRule, ...]
    not_served: tuple[str, ...] = ()

    def rule_for(self, region: str) -> FreightRule | None:
        """The rule of the longest prefix of the region; None when it is not served."""
        named = {prefix: rule for rule in self.rules for prefix in rule.regions}
        for length in PREFIX_LENGTHS:
            prefix = region[:length]
            if prefix in self.not_served:
                return None
            if prefix in named:
                return named[prefix]
        return next((rule for rule in self.rules if not rule.regions), None)


class FreightItem(msgspec.Struct, frozen=True, kw_only=True):
    """Goods to be sent. ``template`` '' is sent for nothing; ``mass_gram`` is of one piece, ``goods_fen`` of all.

    ``goods_fen`` is what counts towards free sending, so the caller decides whether discounts are taken off first.
    """

    reference: str
    template: str
    quantity: int
    mass_gram: int
    goods_fen: int

    def units(self, unit: str) -> int:
        """Pieces or gram of all pieces."""
        return self.quantity if unit == "piece" else self.quantity * self.mass_gram


class FreightQuote(msgspec.Struct, frozen=True):
    """Freight in fen, each item's share by its reference, and the terms that it was charged by (``code@version``)."""

    fen: int
    shares: dict[str, int]
    terms: dict[str, str]


async def freight_terms(templates: Iterable[str], now: datetime | None = None) -> dict[str, FreightTerms]:
    """The terms of some templates as of a moment, by code; '' is left out. One query, none for free goods alone.

    Raises :class:`FreightTemplateUnknown`.
    """
    wanted = sorted(set(templates) - {""})
    if not wanted:
        return {}
    found = await rows(
        "SELECT DISTINCT ON (t.code) t.code, v.version, v.unit, v.terms::text AS terms FROM freight_template t"
        " JOIN freight_version v ON v.template_id = t.id WHERE t.code = ANY($1::text[]) AND v.effective_from <= $2"
        " ORDER BY t.code, v.version DESC",
        wanted,
        now or utc_now(),
    )
    terms = {row["code"]: read_terms(row["code"], row["version"], row["unit"], row["terms"]) for row in found}
    if missing := [code for code in wanted if code not in terms]:
        raise FreightTemplateUnknown(templates=missing)
    return terms


async def kept_terms(versions: Iterable[str]) -> dict[str, FreightTerms]:
    """Terms as an order keeps them, ``code@version``, by template; '' is left out. One query, or none."""
    wanted = sorted(set(versions) - {""})
    if not wanted:
        return {}
    found = await rows(
        "SELECT t.code, v.version, v.unit, v.terms::text AS terms FROM freight_template t"
        " JOIN freight_version v ON v.template_id = t.id WHERE t.code || '@' || v.version = ANY($1::text[])"
        " AND t.code = ANY($2::text[])",
        wanted,
        [version.partition("@")[0] for version in wanted],
    )
    return {row["code"]: read_terms(row["code"], row["version"], row["unit"], row["terms"]) for row in found}


class _Kept(msgspec.Struct, frozen=True):
    rules: tuple[FreightRule, ...]
    not_served: tuple[str, ...] = ()


def read_terms(template: str, version: int, unit: Literal["piece", "weight"], kept: str) -> FreightTerms:
    """The terms of a row."""
    read = msgspec.json.decode(kept, type=_Kept)
    return FreightTerms(template=template, version=version, unit=unit, rules=read.rules, not_served=read.not_served)


def freight_of(items: Sequence[FreightItem], terms: Mapping[str, FreightTerms], region: str) -> FreightQuote:
    """Freight for goods that are sent to ``region`` together; the order of the items does not matter.

    Goods of one template are counted together. Of several templates the one with the dearest first units pays them,
    the others pay for further units alone (decision 0021). What a template costs is shared by its items in proportion
    to their units, to the fen. Raises :class:`RegionInvalid` and :class:`RegionNotServed`.
    """
    check_region(region)
    groups: dict[str, list[FreightItem]] = {}
    for item in sorted(items, key=lambda each: each.reference):
        if item.template:
            groups.setdefault(item.template, []).append(item)
    rules = {code: terms[code].rule_for(region) for code in groups}
    if refused := [item.reference for code, rule in rules.items() if rule is None for item in groups[code]]:
        raise RegionNotServed(region=region, references=sorted(refused))
    charged = {code: rule for code, rule in rules.items() if rule and not _is_free(rule, groups[code])}
    lead = min(charged, key=lambda code: (-charged[code].first_fen, code), default=None)
    shares = {item.reference: 0 for item in items}
    for code, rule in charged.items():
        weights = [item.units(terms[code].unit) for item in groups[code]]
        fen = rule.alone_fen(sum(weights)) if code == lead else rule.beside_fen(sum(weights))
        parts = split_fen(fen, weights if any(weights) else [item.quantity for item in groups[code]])
        shares.update({item.reference: part for item, part in zip(groups[code], parts, strict=True)})
    used = {item.reference: f"{code}@{terms[code].version}" for code, group in groups.items() for item in group}
    return FreightQuote(sum(shares.values()), shares, used)


def _is_free(rule: FreightRule, group: Sequence[FreightItem]) -> bool:
    return rule.is_free(sum(item.goods_fen for item in group), sum(item.quantity for item in group))


def _begun(units: int, size: int) -> int:
    """How many parts of ``size`` units are begun."""
    return max(0, -(-units // size))
