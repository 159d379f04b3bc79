"""What this room refuses."""

from kit.errors import Conflict, Invalid, NotFound


class DivisionUnknown(NotFound):
    """There is no division with this code."""

    code = "division_unknown"
    title = "行政区划不存在"
    title_en = "No such division"


class DivisionCodeInvalid(Invalid):
    """A county has a code of 6 digits, a township 9, a village 12, each beginning with that of its parent."""

    code = "division_code_invalid"
    title = "行政区划代码有误"
    title_en = "The division code is not valid"


class SiteNotOpen(Conflict):
    """No station or point with this code hands out parcels now."""

    code = "site_not_open"
    title = "该自提点暂不可用"
    title_en = "Nobody hands out parcels there now"


class SiteCodeTaken(Conflict):
    """Another site has this code."""

    code = "site_code_taken"
    title = "站点编号已被使用"
    title_en = "The site code is taken"


class PoorVillageFlagged(Conflict):
    """The village counts as a poor one already, or did on that day."""

    code = "poor_village_flagged"
    title = "该村当日已登记为贫困村"
    title_en = "The village is flagged as a poor one on that day already"


class PoorVillageUnknown(NotFound):
    """The village is not flagged as a poor one, or the day is not after it was."""

    code = "poor_village_unknown"
    title = "该村未登记为贫困村，或日期早于登记"
    title_en = "The village is not flagged as a poor one, or was only later"
