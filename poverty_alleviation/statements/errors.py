"""Why a statement is not issued or not shown."""

from kit.errors import Conflict, NotFound


class QuarterNotClosed(Conflict):
    """A household signs, and others are told, what can no longer move: each month with journals must be closed."""

    code = "quarter_not_closed"
    title = "季度尚未结束，或有账期未关账"
    title_en = "The quarter is not over, or a month of it is not closed"


class StatementUnknown(NotFound):
    """No statement with this number, or none of this village and quarter."""

    code = "household_statement_unknown"
    title = "对账单不存在"
    title_en = "No such statement"


class VillageTooLarge(Conflict):
    """A village has more households than one bundle holds."""

    code = "village_too_large"
    title = "该村户数过多，无法一次打印"
    title_en = "The village has too many households for one bundle"
