"""Why a change of a household is refused."""

from kit.errors import Conflict, Invalid, NotFound


class ChangeUnknown(NotFound):
    """No change of a household with this number."""

    code = "household_change_unknown"
    title = "户变更单不存在"
    title_en = "No such change of a household"


class ChangeInvalid(Invalid):
    """``reason`` says what of the proposal cannot be.

    ``day``: it lies ahead; ``into``, ``status``, ``goods``: not what this kind of change names; ``members``: not those
    that this kind moves, or no head is on record; ``relation``: somebody of age without one, or a minor with one;
    ``head``: no or several new heads, a minor, or the head that is; ``head_paper``: who was head has the household's
    paper not on the own record.
    """

    code = "household_change_invalid"
    title = "户变更内容有误"
    title_en = "The change of a household is not valid"


class ChangePending(Conflict):
    """Another change of this household waits for its decision; ``change`` is its number."""

    code = "household_change_pending"
    title = "该户已有待审变更"
    title_en = "Another change of this household waits for its decision"


class ChangeDecided(Conflict):
    """It was decided before; ``state`` is how."""

    code = "household_change_decided"
    title = "户变更单已审结"
    title_en = "The change of a household has been decided"


class ChangeMonthClosed(Conflict):
    """The day lies in a month whose figures are signed or about to be; ``period`` is it."""

    code = "household_change_month_closed"
    title = "该日所在月份已结账，请自未结账的日期起办理"
    title_en = "The day lies in a month that is closed"


class ChangeOverlaps(Conflict):
    """Something that would go over is not there on the day, or began on it or later; ``about`` says what."""

    code = "household_change_overlaps"
    title = "变更日期与已有记录冲突"
    title_en = "The day of the change contradicts what is on record"
