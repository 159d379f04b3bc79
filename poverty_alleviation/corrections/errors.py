"""Why a correction is refused."""

from kit.errors import Conflict, Invalid, NotFound


class CorrectionUnknown(NotFound):
    """No correction with this number."""

    code = "correction_unknown"
    title = "更正单不存在"
    title_en = "No such correction"


class LineUnknown(NotFound):
    """No such order line is in the books, or it is not packed and so not divided yet."""

    code = "correction_line_unknown"
    title = "订单行未入账或未装箱"
    title_en = "The line is not in the books or not packed"


class CorrectionInvalid(Invalid):
    """A line is corrected as of a day that has come, a delivery may be, and nothing else has such a day."""

    code = "correction_invalid"
    title = "更正内容有误"
    title_en = "The correction is not valid"


class CorrectionPending(Conflict):
    """Another correction of the same thing waits for its decision; ``correction`` is its number."""

    code = "correction_pending"
    title = "该事项已有待审更正"
    title_en = "Another correction of this waits for its decision"


class CorrectionChangesNothing(Conflict):
    """As of that day the line is divided, or the delivery booked, as it is."""

    code = "correction_changes_nothing"
    title = "更正前后一致"
    title_en = "The correction would change nothing"


class CorrectionOutdated(Conflict):
    """What it replaces has changed since this was proposed: refuse it and propose another."""

    code = "correction_outdated"
    title = "更正提出后情况已变，请重新提出"
    title_en = "Things have changed since the correction was proposed"


class CorrectionDecided(Conflict):
    """It was decided before; ``state`` is how."""

    code = "correction_decided"
    title = "更正单已审结"
    title_en = "The correction has been decided"
