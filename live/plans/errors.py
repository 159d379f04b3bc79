"""Why a plan is refused."""

from kit.errors import Conflict, Invalid


class RunDownInvalid(Invalid):
    """The same product stands in the run-down twice."""

    code = "live_run_down_invalid"
    title = "流程单中商品重复"
    title_en = "A product stands in the run-down twice"


class SlotsInvalid(Invalid):
    """Slots overlap or end before they begin; ``slot`` is the place of the one that is wrong."""

    code = "live_slots_invalid"
    title = "商户时段重叠或起止有误"
    title_en = "Slots overlap, or end before they begin"


class SlotInUse(Conflict):
    """Goods of a merchant who would have no slot any more are on the shelf; ``products`` are their codes."""

    code = "live_slot_in_use"
    title = "货架上仍有该商户商品"
    title_en = "Goods of this merchant are on the shelf"


class AssistantInvalid(Conflict):
    """An assistant is another account that presents."""

    code = "live_assistant_invalid"
    title = "本场助理须是另一个主播账号"
    title_en = "An assistant is another account that presents"
