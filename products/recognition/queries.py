"""Reads of the ways to a recognition: one SQL statement each."""

from datetime import date, datetime
from typing import Any

import msgspec

from kit.database import rows
from kit.paging import read_cursor, write_cursor
from products.mark_queries import PAPERS, DossierRecord
from products.recognition.models import RecognitionState


class ActRecord(msgspec.Struct, frozen=True):
    """A step that a case took: by which office, and who put it on record when."""

    state: str
    office: str
    reason: str
    recorded_at: datetime
    recorded_by: str


class CaseRecord(msgspec.Struct, frozen=True):
    """A case with its steps and its dossier; ``recognition`` is the number of what it led to.

    ``notice_until`` is the last day of the notice.
    """

    number: str
    merchant: str
    merchant_name: str
    product: str
    product_title: str
    state: str
    stands_since: date
    notice_until: date | None
    recognition: str | None
    acts: list[ActRecord]
    papers: list[DossierRecord]


class RuleRecord(msgspec.Struct, frozen=True):
    """For how many days notices stand from a day on, by which document."""

    valid_from: date
    notice_days: int
    source_document: str
    recorded_at: datetime
    recorded_by: str


_read_acts = msgspec.json.Decoder(list[ActRecord]).decode
_read_papers = msgspec.json.Decoder(list[DossierRecord]).decode
_CASES = f"""
SELECT c.id, c.number, m.number AS merchant, m.name AS merchant_name, p.code AS product, p.title AS product_title,
       c.state, c.stands_since, c.notice_until,
       (SELECT number FROM recognised_product WHERE case_id = c.id) AS recognition,
       (SELECT json_agg(json_build_object('state', state, 'office', office, 'reason', reason,
               'recorded_at', recorded_at, 'recorded_by', recorded_by) ORDER BY id)
          FROM recognition_act WHERE case_id = c.id)::text AS acts,
       {PAPERS} AS papers
  FROM recognition_case c JOIN product p ON p.id = c.product_id JOIN merchant m ON m.id = p.merchant_id
 WHERE c.id < $1 AND ($2::text IS NULL OR m.number = $2) AND ($3::text IS NULL OR c.state = $3)
   AND ($4::text IS NULL OR p.code = $4)
 ORDER BY c.id DESC LIMIT $5
"""


async def recognition_cases(
    merchant: str | None, state: RecognitionState | None, product: str | None, cursor: str | None, limit: int
) -> tuple[list[CaseRecord], str | None]:
    """Cases of one merchant or of all, newest first, with everything that was done and every paper."""
    found = await rows(
        _CASES, read_cursor(cursor, tuple[int])[0] if cursor else 2**63 - 1, merchant, state, product, limit + 1
    )
    page = [_case(each) for each in found[:limit]]
    return page, write_cursor(found[limit - 1]["id"]) if len(found) > limit else None


def _case(found: dict[str, Any]) -> CaseRecord:
    told = {**found, "acts": _read_acts(found["acts"]), "papers": _read_papers(found["papers"])}
    return msgspec.convert(told, CaseRecord)


async def recognition_rules() -> list[RuleRecord]:
    """The rules, those of later days first; of one day the first holds."""
    found = await rows(
        "SELECT valid_from, notice_days, source_document, recorded_at, recorded_by FROM recognition_rule"
        " ORDER BY valid_from DESC, id DESC LIMIT 100"
    )
    return [RuleRecord(**each) for each in found]
