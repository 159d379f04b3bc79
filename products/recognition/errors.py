"""What the way to a recognition refuses."""

from kit.errors import Conflict, Invalid, NotFound


class RecognitionCaseUnknown(NotFound):
    """There is no such application for a recognition."""

    code = "recognition_case_unknown"
    title = "认定申请不存在"
    title_en = "No such application for a recognition"


class RecognitionUnderWay(Conflict):
    """Another application for the product is under way."""

    code = "recognition_under_way"
    title = "该商品已有办理中的认定申请"
    title_en = "An application for the product is under way"


class RecognitionNotMovable(Conflict):
    """From ``state`` no step leads to ``to``."""

    code = "recognition_state"
    title = "认定申请当前所处环节不允许此操作"
    title_en = "Not possible at the step where the application stands"


class RecognitionRepeated(Conflict):
    """The application has led to a recognition already."""

    code = "recognition_repeated"
    title = "该申请已完成认定"
    title_en = "The application has led to a recognition already"


class RecognitionSecondPerson(Conflict):
    """The county's decision takes another account than the application and the reviews."""

    code = "recognition_second_person"
    title = "县级审定须由未经办申请和初审、复审的账号登记"
    title_en = "The county's decision takes another account than the reviews"


class NoMarketEntity(Conflict):
    """Who asks must be an approved merchant with a valid licence (domain reference 2.4)."""

    code = "no_market_entity"
    title = "申请主体须为证照有效的市场主体"
    title_en = "The applicant is no market entity with a valid licence"


class NoticePapersInvalid(Invalid):
    """A notice has one paper of each level, village, township and county; every other step has one, of none."""

    code = "notice_papers_invalid"
    title = "公示须有村、乡镇、县三级材料各一份，其他环节一份且不分级"
    title_en = "A notice has one paper of each level, every other step one of none"


class NoticeRuleMissing(Conflict):
    """Nobody has entered for how many days a notice stands."""

    code = "notice_rule_missing"
    title = "尚未登记公示天数"
    title_en = "No rule says for how many days a notice stands"


class NoticeStands(Conflict):
    """The notice stands until the end of the day ``until``."""

    code = "notice_stands"
    title = "公示期未满"
    title_en = "The notice still stands"


class PaperDatedWrong(Invalid):
    """A paper is not older than that of the step before, and not of a day to come; ``dated`` is its day."""

    code = "paper_dated_wrong"
    title = "材料日期早于上一环节或晚于今日"
    title_en = "The paper's day is before the last step or still to come"


class ReasonMissing(Invalid):
    """A refusal, a withdrawal and an objection say why."""

    code = "reason_missing"
    title = "须填写理由"
    title_en = "A reason is needed"
