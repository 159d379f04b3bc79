"""Why a step of an inspection, a hold or a recall is refused."""

from kit.errors import Conflict, Invalid, NotFound, NotPermitted


class InspectionUnknown(NotFound):
    """No such inspection, or it is of another merchant's lot."""

    code = "inspection_unknown"
    title = "检验不存在"
    title_en = "No such inspection"


class InspectionOpen(Conflict):
    """The lot is being inspected already."""

    code = "inspection_open"
    title = "该批次已有未完成的检验"
    title_en = "The lot is being inspected already"


class InspectionStepRefused(Conflict):
    """An inspection goes from request to sample to result, and can be withdrawn until then."""

    code = "inspection_step_refused"
    title = "检验当前状态不允许此操作"
    title_en = "The inspection cannot take this step now"


class SampleDrawn(NotPermitted):
    """Once a sample is drawn, the merchant cannot take the request back before the result is known."""

    code = "inspection_sample_drawn"
    title = "已抽样，商户不能撤回检验"
    title_en = "A sample has been drawn; the merchant cannot withdraw"


class InspectionInvalid(Invalid):
    """Samples have different codes and were drawn by now; the items of a report have different names."""

    code = "inspection_invalid"
    title = "抽样或检验结果有误"
    title_en = "The samples or results are not valid"


class LotNotOnHold(Conflict):
    """The lot is not held."""

    code = "lot_not_on_hold"
    title = "批次未被暂停"
    title_en = "The lot is not on hold"


class HoldOfCounty(NotPermitted):
    """What the county holds, the county releases."""

    code = "lot_hold_of_county"
    title = "由县级主管部门暂停的批次，须由其解除"
    title_en = "The county placed the hold and alone ends it"


class ReinspectionMissing(Conflict):
    """The lot failed ``inspection`` and has passed none whose samples were drawn afterwards."""

    code = "lot_reinspection_missing"
    title = "检验不合格，须复检合格后方可解除"
    title_en = "The lot failed and has not passed a later inspection"


class LotCalledBack(Conflict):
    """The lot has been recalled; that does not end."""

    code = "lot_called_back"
    title = "批次已召回"
    title_en = "The lot has been recalled"


class RecallUnknown(NotFound):
    """No such recall of this merchant."""

    code = "recall_unknown"
    title = "召回不存在"
    title_en = "No such recall"
