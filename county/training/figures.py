"""The plan's counted targets T07 to T12 as they stand (domain reference 1A, K06 to K10), counted from rows."""

from datetime import date
from typing import Literal

import msgspec

from county.training.models import ClassPaperKind
from kit.database import row
from poverty_alleviation.shares.models import ShareCircle
from poverty_alleviation.shares.queries import AssistedShareCard, newest_shown

Unit = Literal["person_times", "persons", "shops", "classes", "basis_points"]

PERSON_TIMES, SKILLED, INCUBATED, SHOPS = 3_000, 500, 40, 20
SATISFIED_BP, ASSISTED_BP = 9_000, 2_000
"""The plan's numbers; satisfaction is above its own, everything else reaches it."""

_COUNTS = f"""
SELECT a.person_times, a.skilled, a.answered, a.satisfied, f.asked, f.converted,
       (SELECT count(DISTINCT incubatee_id) FROM incubatee_milestone) AS incubated,
       (SELECT count(*) FROM incubatee) AS incubatees,
       (SELECT count(first_order) FROM incubated_shop) AS proved, (SELECT count(*) FROM incubated_shop) AS shops,
       (SELECT count(*) FROM training_class) AS classes,
       (SELECT count(*) FROM (SELECT 1 FROM class_paper GROUP BY training_class_id
                              HAVING count(DISTINCT kind) = {len(ClassPaperKind)}) AS w) AS whole
  FROM (SELECT count(*) AS person_times, count(*) FILTER (WHERE c.kind = 'skilled') AS skilled,
               count(a.is_satisfied) AS answered, count(*) FILTER (WHERE a.is_satisfied) AS satisfied
          FROM training_attendance a JOIN training_class c ON c.id = a.training_class_id) AS a,
       (SELECT count(*) AS asked, count(*) FILTER (WHERE has_shop OR has_sold OR has_job) AS converted
          FROM training_follow_up WHERE step = 2) AS f
"""


class TrainingFigure(msgspec.Struct, frozen=True, kw_only=True):
    """One target. ``value`` of ``of`` where it is a part of something, ``basis_points`` then, rounded down.

    ``value`` is None where nothing is there to count yet or it is kept back. ``list`` is the route of the rows that it
    is counted from, without ``/v1/console``. ``target`` is in ``unit``; without one there is nothing to meet.
    ``day``: of which a share was stated.
    """

    code: str
    name: str
    unit: Unit
    value: int | None
    list: str
    of: int | None = None
    basis_points: int | None = None
    target: int | None = None
    is_met: bool | None = None
    day: date | None = None


async def training_figures() -> list[TrainingFigure]:
    """All of them, T12 and R02 as the poverty office has stated them last in a share that may be shown."""
    found = await row(_COUNTS)
    assert found is not None
    answered, satisfied = found["answered"], found["satisfied"]
    shares = await newest_shown()
    staff, trainees = shares.get(ShareCircle.STAFF), shares.get(ShareCircle.TRAINEES)
    return [
        _count("T07", "普及培训人次", "person_times", found["person_times"], PERSON_TIMES, "/training-attendances"),
        _count("T08", "专业技能培训人次", "person_times", found["skilled"], SKILLED,
               "/training-attendances?kind=skilled"),
        _part("T09", "培训满意度", satisfied if answered else None, answered, "/training-attendances", SATISFIED_BP,
              is_met=satisfied * 10_000 > SATISFIED_BP * answered),
        _count("T10", "创业孵化人数", "persons", found["incubated"], INCUBATED, "/incubatees", found["incubatees"]),
        _count("T11", "开设网店（以首单为证）", "shops", found["proved"], SHOPS, "/incubated-shops", found["shops"]),
        _share("T12", "站点就业中建档立卡人口占比", staff, "/site-employments", ASSISTED_BP),
        _share("R02", "参训人员中建档立卡人口占比", trainees, "/training-attendances", None),
        _part("R06", "资料完整的培训班", found["whole"], found["classes"], "/training-classes", 10_000,
              is_met=found["whole"] == found["classes"]),
        _part("K09", "90 天回访转化", found["converted"], found["asked"], "/training-follow-ups?step=2", None),
    ]  # fmt: skip


def _share(
    code: str, name: str, share: AssistedShareCard | None, drill_down: str, target: int | None
) -> TrainingFigure:
    """The list is of who was counted, never of whom among them."""
    if share is None:
        return _part(code, name, None, 0, drill_down, target)
    is_met = None if target is None else (share.assisted or 0) * 10_000 >= target * share.persons
    told = f"{drill_down}?day={share.day}" if share.circle is ShareCircle.STAFF else drill_down
    return msgspec.structs.replace(
        _part(code, name, share.assisted, share.persons, told, target, is_met=is_met), day=share.day
    )


def _count(
    code: str, name: str, unit: Unit, value: int, target: int, drill_down: str, of: int | None = None
) -> TrainingFigure:
    return TrainingFigure(
        code=code, name=name, unit=unit, value=value, of=of, target=target, is_met=value >= target, list=drill_down
    )


def _part(
    code: str, name: str, value: int | None, of: int, drill_down: str, target: int | None, *, is_met: bool | None = None
) -> TrainingFigure:
    told = value if of else None
    return TrainingFigure(
        code=code,
        name=name,
        unit="basis_points",
        value=told,
        of=of,
        basis_points=None if told is None else told * 10_000 // of,
        target=target,
        is_met=None if told is None else is_met,
        list=drill_down,
    )
