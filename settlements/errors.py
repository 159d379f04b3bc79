"""What this room refuses."""

from kit.errors import Conflict, Invalid, NotFound


class StatementUnknown(NotFound):
    """There is no such statement, or it is another merchant's."""

    code = "statement_unknown"
    title = "结算单不存在"
    title_en = "No such statement"


class StatementEmpty(Conflict):
    """No entry up to the day waits for a statement."""

    code = "statement_empty"
    title = "该期间没有待结算的明细"
    title_en = "Nothing waits for a statement"


class StatementTaken(Conflict):
    """The merchant has a statement that ends on this day."""

    code = "statement_taken"
    title = "该截止日已有结算单"
    title_en = "A statement ends on this day already"


class DayNotOver(Conflict):
    """A statement ends on a day that has passed."""

    code = "statement_day_not_over"
    title = "结算截止日尚未结束"
    title_en = "The last day is not over yet"


class SpanInvalid(Invalid):
    """A span of days begins on or before its last day and holds at most ``days`` days."""

    code = "statement_span_invalid"
    title = "起止日期有误"
    title_en = "The span of days is not valid"
