"""Why a plot, a crop or a norm is refused."""

from kit.errors import Conflict, Invalid, NotFound


class PlotUnknown(NotFound):
    """There is no such plot, or it is not the caller's to end."""

    code = "plot_unknown"
    title = "地块不存在"
    title_en = "No such plot"


class PlotInvalid(Invalid):
    """A plot lies in a village of the county, has a known crop, and ends on or after its first day; see ``members``."""

    code = "plot_invalid"
    title = "地块信息有误"
    title_en = "The plot is not valid"


class PlotOfAnother(Conflict):
    """The plot was not the supplier's on the day of the harvest."""

    code = "plot_of_another"
    title = "该地块在采收当日不属于此供货人"
    title_en = "The plot was not the supplier's on the day of the harvest"


class CropUnknown(NotFound):
    """There is no crop with this code."""

    code = "crop_unknown"
    title = "作物不存在"
    title_en = "No such crop"


class YieldNormTaken(Conflict):
    """The crop has a norm from this day on."""

    code = "yield_norm_taken"
    title = "该作物在此日期已有产量标准"
    title_en = "The crop has a norm from this day on"
