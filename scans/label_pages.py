"""What a buyer reads behind a label (domain reference 3.6): the lot and its goods, never who is behind a delivery."""

from datetime import date, datetime

import msgspec

from content.stories.models import StoryChannel
from content.stories.service import ShownStory, shown_story
from kit.clock import china_day
from kit.database import row
from products.queries import CERTIFICATES_TODAY, ON_SALE, SKU_BRANDED, ClaimedCertificate
from scans.errors import ScanCodeUnknown
from traceability.quality.inspections import Finding
from traceability.storage.queries import READ_THERE

# Of the product, or of a farm or cooperative of which something is in the lot.
_ABOUT = (
    "ANY(ARRAY['product:' || p.code]::text[] || ARRAY(SELECT 'supplier:' || v.number FROM lot_contribution k"
    " JOIN supplier v ON v.id = k.supplier_id WHERE k.lot_id = l.id))"
)
_PAGE = f"""
SELECT t.code, t.serial, l.number AS lot, l.product, p.title, s.spec, m.number AS merchant, m.name AS merchant_name,
       m.licence_kind, m.licence_number, m.licence_until, d.name AS township_name, l.made_at, l.sealed_at,
       l.harvest_from, l.harvest_until, l.best_before, l.out_batch_no,
       {ON_SALE} AS on_sale, {SKU_BRANDED} AS branded, {CERTIFICATES_TODAY} AS certificates,
       g.origins, g.first_weighed_at, g.last_weighed_at, g.farmers,
       (SELECT min(bound_at) FROM line_lot WHERE lot_id = l.id AND late_reason IS NULL) AS first_packed_at,
       n.first_at AS first_scanned_at, COALESCE(n.count, 0) AS scans,
       (SELECT f.number || ' ' || f.issued_on FROM conformity_certificate f
         WHERE f.lot_id = l.id AND f.withdrawn_at IS NULL AND l.held_at IS NULL) AS conformity,
       (SELECT jsonb_build_array(min(r.value_milli), max(r.value_milli))::text FROM lot_placement w
          JOIN sensor_reading r ON {READ_THERE} WHERE w.lot_id = l.id HAVING count(*) > 0) AS cold_chain,
       (SELECT r.cause FROM recalled_lot k JOIN recall r ON r.id = k.recall_id WHERE k.lot_id = l.id
         ORDER BY r.id DESC LIMIT 1) AS recalled,
       (SELECT jsonb_build_object('laboratory', q.laboratory, 'report', q.report,
                                  'judged_at', q.ended_at, 'passed', q.state = 'passed',
                                  'findings', (SELECT jsonb_agg(to_jsonb(i) - 'id' - 'inspection_id' ORDER BY i.id)
                                                 FROM inspection_item i WHERE i.inspection_id = q.id))::text
          FROM inspection q WHERE q.lot_id = l.id AND q.state IN ('passed', 'failed')
         ORDER BY q.ended_at DESC, q.id DESC LIMIT 1) AS test_report,
       {shown_story(_ABOUT, StoryChannel.SCAN_PAGE, "$3")} AS story
  FROM trace_label t
  JOIN lot l ON l.id = t.lot_id
  JOIN product p ON p.code = l.product
  JOIN sku s ON s.code = t.sku
  JOIN merchant m ON m.id = p.merchant_id
  JOIN division d ON d.code = p.township_id
  LEFT JOIN label_scan n ON n.label_id = t.id
  CROSS JOIN LATERAL (
       SELECT COALESCE(array_agg(DISTINCT o.name) FILTER (WHERE o.name IS NOT NULL), '{{}}') AS origins,
              min(i.weighed_at) AS first_weighed_at, max(i.weighed_at) AS last_weighed_at,
              count(DISTINCT u.id) FILTER (WHERE u.kind = 'farmer') AS farmers
         FROM lot_contribution c JOIN intake i ON i.id = c.intake_id JOIN supplier u ON u.id = c.supplier_id
         LEFT JOIN division o ON o.code = i.township
        WHERE c.lot_id = l.id) g
 WHERE t.code = $2"""


class LabReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a laboratory found in the lot, last."""

    laboratory: str
    report: str
    judged_at: datetime
    passed: bool
    findings: list[Finding]


class LabelPage(msgspec.Struct, frozen=True, kw_only=True):
    """A lot's goods as their buyer sees them. Days are the county's, ``origins`` names of townships.

    ``farmers`` is None when they are so few that the number would tell who they are. A seller who is a person has
    neither name nor licence here. ``conformity`` is number and day of the valid certificate of conformity; a lot that
    is held shows none. ``cold_chain_celsius_milli`` are the lowest and the highest temperature that was read where the
    lot stood, in thousandths of a degree. ``recalled`` is why the lot was called back.
    """

    code: str
    serial: str | None
    lot: str
    product: str
    title: str
    spec: str
    branded: bool
    on_sale: bool
    producer: str | None
    licence_number: str | None
    licence_until: date | None
    origins: tuple[str, ...]
    certificates: list[ClaimedCertificate]
    farmers: int | None
    out_batch_no: str | None
    harvested_from: date | None
    harvested_until: date | None
    best_before: date | None
    is_past_best: bool
    first_taken_in: date | None
    last_taken_in: date | None
    made_on: date
    sealed_on: date
    packed_on: date | None
    first_scanned_at: datetime | None
    scans: int
    conformity: str | None
    cold_chain_celsius_milli: tuple[int, int] | None
    recalled: str | None
    test_report: LabReport | None
    story: ShownStory | None


_read_certificates = msgspec.json.Decoder(list[ClaimedCertificate]).decode
_read_span = msgspec.json.Decoder(tuple[int, int]).decode
_read_story = msgspec.json.Decoder(ShownStory).decode
_read_report = msgspec.json.Decoder(LabReport).decode


async def label_page(code: str, farmers_from: int, now: datetime) -> LabelPage:
    """The page of a label, on sale or not; one statement. Raises ScanCodeUnknown."""
    found = await row(_PAGE, china_day(now), code, now)
    if found is None:
        raise ScanCodeUnknown()
    person = found["licence_kind"] == "natural_person"
    return LabelPage(
        code=found["code"],
        serial=found["serial"],
        lot=found["lot"],
        product=found["product"],
        title=found["title"],
        spec=found["spec"],
        branded=found["branded"],
        on_sale=found["on_sale"],
        producer=None if person else found["merchant_name"],
        licence_number=None if person else found["licence_number"],
        licence_until=None if person else found["licence_until"],
        origins=tuple(found["origins"]) or (found["township_name"],),
        certificates=_read_certificates(found["certificates"]),
        farmers=found["farmers"] if found["farmers"] >= farmers_from else None,
        out_batch_no=found["out_batch_no"] or None,
        harvested_from=found["harvest_from"],
        harvested_until=found["harvest_until"],
        best_before=found["best_before"],
        is_past_best=found["best_before"] is not None and found["best_before"] < china_day(now),
        first_taken_in=_day(found["first_weighed_at"]),
        last_taken_in=_day(found["last_weighed_at"]),
        made_on=china_day(found["made_at"]),
        sealed_on=china_day(found["sealed_at"]),
        packed_on=_day(found["first_packed_at"]),
        first_scanned_at=found["first_scanned_at"],
        scans=found["scans"],
        conformity=found["conformity"],
        cold_chain_celsius_milli=_read_span(found["cold_chain"]) if found["cold_chain"] is not None else None,
        recalled=found["recalled"],
        test_report=_read_report(found["test_report"]) if found["test_report"] is not None else None,
        story=_read_story(found["story"]) if found["story"] is not None else None,
    )


def _day(moment: datetime | None) -> date | None:
    return china_day(moment) if moment is not None else None
