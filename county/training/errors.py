"""Why training and incubation refuse."""

from kit.errors import Conflict, Invalid, NotFound


class ProjectPersonInvalid(Invalid):
    """The paper of the person at ``position`` of the list is not valid, or stands in it twice; ``reason`` says which.

    The number is never quoted.
    """

    code = "project_person_invalid"
    title = "人员证件号码有误或重复"
    title_en = "A person's paper is not valid, or is listed twice"


class ProjectPersonUnknown(NotFound):
    """There is no such person."""

    code = "project_person_unknown"
    title = "人员不存在"
    title_en = "No such person"


class TrainingClassInvalid(Invalid):
    """A class has days in order and a place that exists; ``members`` says what is wrong."""

    code = "training_class_invalid"
    title = "培训班信息有误"
    title_en = "The class is not valid"


class TrainingClassUnknown(NotFound):
    """There is no such class."""

    code = "training_class_unknown"
    title = "培训班不存在"
    title_en = "No such class"


class TrainingClassNotBegun(Conflict):
    """Nobody has come to a class before its first day, ``begins_on``."""

    code = "training_class_not_begun"
    title = "培训尚未开始，不能登记签到"
    title_en = "The class has not begun"


class FollowUpInvalid(Invalid):
    """A follow-up of an unknown attendance, before its days have passed, or ahead; ``position`` is its place."""

    code = "training_follow_up_invalid"
    title = "回访未到期或对象有误"
    title_en = "The follow-up is not due, or of nobody"


class IncubateeExists(Conflict):
    """The person is an incubatee already."""

    code = "incubatee_exists"
    title = "该人员已在孵化名单"
    title_en = "The person is an incubatee already"


class IncubateeUnknown(NotFound):
    """There is no such incubatee."""

    code = "incubatee_unknown"
    title = "孵化对象不存在"
    title_en = "No such incubatee"


class MilestoneInvalid(Conflict):
    """The milestone was reached before, or lies ahead."""

    code = "incubatee_milestone_invalid"
    title = "该里程碑已登记或日期有误"
    title_en = "The milestone was reached before, or lies ahead"


class ShopInvalid(Conflict):
    """The address stands for another shop, or a day lies ahead."""

    code = "incubated_shop_invalid"
    title = "网店网址已登记或日期有误"
    title_en = "The shop is entered already, or a day lies ahead"


class ShopUnknown(NotFound):
    """There is no such shop."""

    code = "incubated_shop_unknown"
    title = "网店不存在"
    title_en = "No such shop"


class ShopProofInvalid(Conflict):
    """The shop is proved already, the order proves another one, or it was paid before the shop opened or lies ahead."""

    code = "incubated_shop_proof_invalid"
    title = "首单凭证已登记或有误"
    title_en = "The first order cannot be the proof"


class EmploymentInvalid(Conflict):
    """The person works at this site on these days already, or there is no such site."""

    code = "site_employment_invalid"
    title = "站点不存在或在岗时段重叠"
    title_en = "No such site, or the person works there already"


class EmploymentUnknown(NotFound):
    """There is no such employment, it has ended, or would end before it began."""

    code = "site_employment_unknown"
    title = "在岗记录不存在或已结束"
    title_en = "No such employment that could end"
