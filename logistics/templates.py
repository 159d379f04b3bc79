"""A merchant's freight templates: made, changed by versions, retired."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import msgspec

from kit.clock import Clock, utc_now
from kit.database import Row, execute, row, rows, scalar, transaction
from kit.numbers import public_number
from logistics.errors import FreightTemplatesFull, FreightTemplateUnknown, FreightTermsInvalid
from logistics.freight import FreightRule, FreightTerms, read_terms

MAX_TEMPLATES = 100
MAX_VERSIONS = 1000


class FreightDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A template as its merchant describes it."""

    name: str
    unit: Literal["piece", "weight"]
    rules: tuple[FreightRule, ...]
    not_served: tuple[str, ...] = ()


class FreightTemplateRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A template with the terms that hold now."""

    code: str
    name: str
    effective_from: datetime
    retired_at: datetime | None
    terms: FreightTerms


@dataclass(frozen=True)
class FreightTemplates:
    """Templates of merchants. Another merchant's template does not exist."""

    clock: Clock = utc_now

    async def make(self, merchant: str, draft: FreightDraft, by: str) -> str:
        """A new template; answers its code. Raises FreightTermsInvalid and FreightTemplatesFull."""
        check_terms(draft.rules, draft.not_served)
        now = self.clock()
        code = public_number(now, "F")
        async with transaction():
            await scalar("SELECT pg_advisory_xact_lock(hashtextextended('freight_template|' || $1, 0))::text", merchant)
            held = await scalar(
                "SELECT count(*) FROM freight_template WHERE merchant = $1 AND retired_at IS NULL", merchant
            )
            if held >= MAX_TEMPLATES:
                raise FreightTemplatesFull(limit=MAX_TEMPLATES)
            template = await scalar(
                "INSERT INTO freight_template (code, merchant, made_at, made_by) VALUES ($1, $2, $3, $4) RETURNING id",
                code,
                merchant,
                now,
                by,
            )
            await self._write(template, 1, draft, now, by)
        return code

    async def change(self, merchant: str, code: str, draft: FreightDraft, by: str) -> None:
        """The next version, in force at once; the same terms again change nothing.

        Raises FreightTemplateUnknown, FreightTermsInvalid and FreightTemplatesFull.
        """
        check_terms(draft.rules, draft.not_served)
        async with transaction():
            template = await self._hold(merchant, code)
            last = await row(
                "SELECT version, name, unit, terms::text AS terms FROM freight_version WHERE template_id = $1"
                " ORDER BY version DESC LIMIT 1",
                template,
            )
            assert last is not None
            terms = read_terms(code, last["version"], last["unit"], last["terms"])
            if (last["name"], terms.unit, terms.rules, terms.not_served) == (
                draft.name,
                draft.unit,
                draft.rules,
                draft.not_served,
            ):
                return
            if last["version"] >= MAX_VERSIONS:
                raise FreightTemplatesFull(limit=MAX_VERSIONS)
            await self._write(template, last["version"] + 1, draft, self.clock(), by)

    async def retire(self, merchant: str, code: str, by: str) -> None:
        """No product takes it up any more; those that carry it go on with it. Raises FreightTemplateUnknown."""
        async with transaction():
            template = await self._hold(merchant, code)
            await execute(
                "UPDATE freight_template SET retired_at = $2, retired_by = $3 WHERE id = $1", template, self.clock(), by
            )

    async def check_usable(self, merchant: str, code: str) -> None:
        """Whether a product of the merchant may take the template up; '' always. Raises FreightTemplateUnknown."""
        if code and not await scalar(
            "SELECT 1 FROM freight_template WHERE code = $1 AND merchant = $2 AND retired_at IS NULL", code, merchant
        ):
            raise FreightTemplateUnknown(template=code)

    async def _hold(self, merchant: str, code: str) -> int:
        found = await row(
            "SELECT id FROM freight_template WHERE code = $1 AND merchant = $2 AND retired_at IS NULL FOR UPDATE",
            code,
            merchant,
        )
        if found is None:
            raise FreightTemplateUnknown(template=code)
        return int(found["id"])

    async def _write(self, template: int, version: int, draft: FreightDraft, moment: datetime, by: str) -> None:
        terms = {"rules": msgspec.to_builtins(draft.rules), "not_served": draft.not_served}
        await execute(
            "INSERT INTO freight_version (template_id, version, name, unit, terms, effective_from, made_by)"
            " VALUES ($1, $2, $3, $4, $5::jsonb, $6, $7)",
            template,
            version,
            draft.name,
            draft.unit,
            msgspec.json.encode(terms).decode(),
            moment,
            by,
        )


def check_terms(rules: Sequence[FreightRule], not_served: Sequence[str]) -> None:
    """Raises FreightTermsInvalid unless every prefix stands once and somebody is served."""
    prefixes = Counter(prefix for named in (*(rule.regions for rule in rules), not_served) for prefix in named)
    if repeated := sorted(prefix for prefix, times in prefixes.items() if times > 1):
        raise FreightTermsInvalid(detail="同一地区重复出现", regions=repeated[:20])
    if not rules:
        raise FreightTermsInvalid(detail="至少需要一条运费规则")
    if sum(not rule.regions for rule in rules) > 1:
        raise FreightTermsInvalid(detail="“其他地区”的规则只能有一条")
    if any(rule.days_from > rule.days_to for rule in rules):
        raise FreightTermsInvalid(detail="送达天数有误")


_RECORD = (
    "SELECT DISTINCT ON (t.id) t.code, v.name, v.version, v.unit, v.terms::text AS terms, v.effective_from,"
    " t.retired_at FROM freight_template t JOIN freight_version v ON v.template_id = t.id WHERE t.merchant = $1"
)


async def freight_templates(merchant: str) -> list[FreightTemplateRecord]:
    """The templates of a merchant that are not retired, oldest first. One query."""
    found = await rows(f"{_RECORD} AND t.retired_at IS NULL ORDER BY t.id, v.version DESC", merchant)
    return [_record(each) for each in found]


async def freight_template(merchant: str, code: str) -> FreightTemplateRecord:
    """One template with its present terms. One query. Raises FreightTemplateUnknown."""
    found = await row(f"{_RECORD} AND t.code = $2 ORDER BY t.id, v.version DESC", merchant, code)
    if found is None:
        raise FreightTemplateUnknown(template=code)
    return _record(found)


def _record(found: Row) -> FreightTemplateRecord:
    return FreightTemplateRecord(
        code=found["code"],
        name=found["name"],
        effective_from=found["effective_from"],
        retired_at=found["retired_at"],
        terms=read_terms(found["code"], found["version"], found["unit"], found["terms"]),
    )
