"""Why the office's view refuses."""

from kit.errors import Conflict, Invalid, NotFound


class ThresholdInvalid(Invalid):
    """There is no such threshold, it would show more than ``floor`` lets be shown, or it is above ``most``."""

    code = "threshold_invalid"
    title = "阈值名称或数值不合要求"
    title_en = "The threshold is not valid"


class DatedRowExists(Conflict):
    """Something else holds from this day on; what was recorded does not change."""

    code = "dated_row_exists"
    title = "该日期已有记录"
    title_en = "A row of this day exists"


class SpanRequired(Invalid):
    """Sums that leave the office are of whole quarters, and two dimensions at once are not given out."""

    code = "roll_up_span"
    title = "对外汇总只按整季度、单一维度提供"
    title_en = "Sums that leave the office are of whole quarters and one dimension"


class LineUnknown(NotFound):
    """The books know no such order line."""

    code = "order_line_unknown"
    title = "账簿中没有该订单行"
    title_en = "The books know no such order line"


class AlarmUnknown(NotFound):
    """There is no such alarm."""

    code = "alarm_unknown"
    title = "预警不存在"
    title_en = "No such alarm"


class AlarmAssigneeUnknown(Invalid):
    """Whoever is to look after an alarm is no poverty officer now and could not open it."""

    code = "alarm_assignee_unknown"
    title = "只能指派给在岗的扶贫干部"
    title_en = "An alarm is given to somebody who is a poverty officer now"


class AlarmNotMovable(Conflict):
    """The alarm stands in ``state``, from which this step does not lead."""

    code = "alarm_not_movable"
    title = "预警当前状态不能这样处理"
    title_en = "The alarm cannot take this step"
