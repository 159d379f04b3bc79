"""Why a demonstration, or a record of help, is refused."""

from kit.errors import Conflict, Invalid, NotFound


class DemonstrationUnknown(NotFound):
    """No demonstration with this number, or none that goes on."""

    code = "demonstration_unknown"
    title = "示范认定不存在或已终止"
    title_en = "No such demonstration, or it has ended"


class DemonstrationOverlaps(Conflict):
    """The enterprise or household is a demonstration on some of those days, or is proposed already."""

    code = "demonstration_overlaps"
    title = "该主体已是示范或正在审核"
    title_en = "It is a demonstration already, or waits for a decision"


class DemonstrationDecided(Conflict):
    """It was decided before; ``state`` is how."""

    code = "demonstration_decided"
    title = "示范认定已审结"
    title_en = "The demonstration has been decided"


class HelperUnknown(NotFound):
    """No helper with this code, or none of this household on that day."""

    code = "helper_unknown"
    title = "帮扶责任人不存在，或当日未结对该户"
    title_en = "No such helper, or none of this household on that day"


class HelpSpanOverlaps(Conflict):
    """The helper is responsible for the household on some of those days already."""

    code = "help_span_overlaps"
    title = "该帮扶责任人已结对该户"
    title_en = "The helper is responsible for the household already"


class VisitUnknown(NotFound):
    """The household has no visit with this number."""

    code = "household_visit_unknown"
    title = "走访记录不存在"
    title_en = "No such visit"


class MeasureUnknown(NotFound):
    """No measure with this number that goes on, or none of this household."""

    code = "help_measure_unknown"
    title = "帮扶措施不存在或已结束"
    title_en = "No such measure, or it has ended"


class HelpInvalid(Invalid):
    """``reason``: day (in the future), risk (the kind of measure does not answer it), funds (without their source, or a
    source without funds)."""

    code = "help_invalid"
    title = "帮扶记录内容有误"
    title_en = "Not a record of help"


class NeedUnknown(NotFound):
    """No need with this number."""

    code = "household_need_unknown"
    title = "帮扶需求不存在"
    title_en = "No such need"


class NeedNotMovable(Conflict):
    """The need is not where this step begins; ``state`` is where it is."""

    code = "household_need_not_movable"
    title = "该需求当前状态不允许此操作"
    title_en = "The need cannot take this step now"


class WorkshopUnknown(NotFound):
    """No workshop with this number that goes on, or none on that day or of that operator."""

    code = "workshop_unknown"
    title = "帮扶车间不存在或已终止"
    title_en = "No such workshop, or it has ended"


class SiteUnknown(NotFound):
    """No site with this code."""

    code = "workshop_site_unknown"
    title = "站点不存在"
    title_en = "No such site"


class OperatorUnknown(NotFound):
    """Neither a merchant nor a site."""

    code = "workshop_operator_unknown"
    title = "运营单位不存在"
    title_en = "No such operator"
