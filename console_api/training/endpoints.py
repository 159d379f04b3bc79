"""Classes, incubation and staff: entered by the county, read by auditors. Names are masked, papers never shown."""

import msgspec
from sanic.response import HTTPResponse

from accounts.actors import Auditor, CountyOfficer
from api_kit.doors import IdempotencyKey
from api_kit.downloads import printed, private_picture
from api_kit.uploads import MAX_UPLOAD_BYTES, FileBody
from console_api import door
from console_api.funds.schemas import PageQuery
from console_api.training.schemas import (
    AttendancesInput,
    AttendancesQuery,
    AttendancesView,
    ClassesQuery,
    ClassesView,
    ClassInput,
    ClassPaperInput,
    ClassPaperLook,
    ClassPaperQuery,
    ClassPaperTaken,
    EmploymentEndInput,
    EmploymentInput,
    EmploymentsQuery,
    EmploymentsView,
    FollowUpsDueQuery,
    FollowUpsDueView,
    FollowUpsInput,
    FollowUpsQuery,
    FollowUpsView,
    IncubateeInput,
    IncubateesView,
    MilestoneInput,
    PersonCorrectionInput,
    ProjectPersonInput,
    ShopInput,
    ShopProofInput,
    ShopsView,
    TrainingFiguresView,
    TrainingMade,
)
from county.training.classes import AttendanceDraft, ClassDraft, Entered, FollowUpDraft, TrainingClasses
from county.training.figures import training_figures
from county.training.incubation import Incubation, ShopDraft
from county.training.papers import ClassPapers
from county.training.persons import PersonDraft, Persons
from county.training.queries import (
    attendance_cards,
    class_cards,
    employment_cards,
    follow_up_cards,
    follow_ups_due,
    incubatee_cards,
    shop_cards,
)
from county.training.staff import EmploymentDraft, SiteStaff
from kit.clock import china_day, utc_now
from kit.pdf_files import MAGIC


@door.get("/training-figures")
async def show_training_figures(actor: CountyOfficer | Auditor) -> TrainingFiguresView:
    """培训孵化指标（T07 至 T12）：均由明细实时计数，附明细清单路径。"""
    return TrainingFiguresView(await training_figures())


@door.get("/training-classes")
async def list_training_classes(actor: CountyOfficer | Auditor, query: ClassesQuery) -> ClassesView:
    """培训班：人次、满意度与归档是否完整，最新登记在前。"""
    return ClassesView(*await class_cards(query.kind, query.track, query.cursor, query.limit))


@door.post("/training-classes")
async def plan_training_class(
    actor: CountyOfficer, body: ClassInput, key: IdempotencyKey, classes: TrainingClasses
) -> TrainingMade:
    """登记培训班：类别、对象、形式、时间地点、课时、讲师、计划人数与资金科目。"""
    return TrainingMade(await classes.plan(msgspec.convert(body, ClassDraft, from_attributes=True), actor.caller))


@door.post("/training-classes/<number:str>/papers", status=204)
async def archive_class_paper(
    actor: CountyOfficer, number: str, body: ClassPaperInput, classes: TrainingClasses
) -> None:
    """登记存放在别处的培训资料：方案、签到、照片、教材、问卷、票据，各记名称与文件摘要。"""
    await classes.archive(number, body.kind, body.name, body.sha256, actor.caller)


@door.post("/training-classes/<number:str>/paper-files", max_body_bytes=MAX_UPLOAD_BYTES)
async def take_class_paper(
    actor: CountyOfficer, number: str, query: ClassPaperQuery, file: FileBody, papers: ClassPapers
) -> ClassPaperTaken:
    """上传培训资料：照片去除位置等信息，PDF 不超过 20 页且不含脚本与附件；加密保存并登记名称与文件摘要。"""
    return ClassPaperTaken(await papers.take(number, query.kind, query.name, file.content, actor.caller))


@door.post("/training-paper-files/<number:str>/views", status=200)
async def look_at_class_paper(
    actor: CountyOfficer | Auditor, number: str, body: ClassPaperLook, papers: ClassPapers
) -> HTTPResponse:
    """查看培训资料文件；须说明依据，计入每小时查看次数，先留访问记录再回答。"""
    content = await papers.look(actor, number, body.document)
    return printed(content, "class-paper.pdf") if content.startswith(MAGIC) else private_picture(content)


@door.post("/training-classes/<number:str>/attendances")
async def enter_attendances(
    actor: CountyOfficer, number: str, body: AttendancesInput, key: IdempotencyKey, classes: TrainingClasses
) -> Entered:
    """登记签到与问卷：整批写入或整批退回；同一证件为同一人，问卷可随后补录一次。"""
    came = [msgspec.convert(each, AttendanceDraft, from_attributes=True) for each in body.attendances]
    return await classes.attend(number, came, actor.caller)


@door.get("/training-attendances")
async def list_training_attendances(
    actor: CountyOfficer | Auditor, query: AttendancesQuery, persons: Persons
) -> AttendancesView:
    """培训人次明细，姓名脱敏。"""
    return AttendancesView(
        *await attendance_cards(persons, query.training_class, query.kind, query.cursor, query.limit)
    )


@door.get("/training-follow-ups")
async def list_follow_ups(actor: CountyOfficer | Auditor, query: FollowUpsQuery) -> FollowUpsView:
    """培训效果回访记录：开店、首单、就业与月销售额。"""
    return FollowUpsView(*await follow_up_cards(query.step, query.cursor, query.limit))


@door.get("/training-follow-ups/due")
async def list_follow_ups_due(
    actor: CountyOfficer | Auditor, query: FollowUpsDueQuery, persons: Persons
) -> FollowUpsDueView:
    """到期未回访的培训人次。"""
    today = china_day(utc_now())
    return FollowUpsDueView(*await follow_ups_due(persons, query.step, today, query.cursor, query.limit))


@door.post("/training-follow-ups")
async def enter_follow_ups(
    actor: CountyOfficer, body: FollowUpsInput, key: IdempotencyKey, classes: TrainingClasses
) -> Entered:
    """登记培训效果回访：整批写入或整批退回；未到期的不予受理。"""
    told = [msgspec.convert(each, FollowUpDraft, from_attributes=True) for each in body.follow_ups]
    return await classes.follow_up(told, actor.caller)


@door.get("/incubatees")
async def list_incubatees(actor: CountyOfficer | Auditor, query: PageQuery, persons: Persons) -> IncubateesView:
    """孵化对象与里程碑，姓名脱敏。"""
    return IncubateesView(*await incubatee_cards(persons, query.cursor, query.limit))


@door.post("/incubatees")
async def enter_incubatee(
    actor: CountyOfficer, body: IncubateeInput, key: IdempotencyKey, incubation: Incubation
) -> TrainingMade:
    """登记孵化对象；同一证件只登记一次。"""
    return TrainingMade(await incubation.take_in(_person(body.person), body.plan, body.document, actor.caller))


@door.post("/incubatees/<number:str>/milestones", status=204)
async def enter_milestone(actor: CountyOfficer, number: str, body: MilestoneInput, incubation: Incubation) -> None:
    """登记孵化里程碑及日期，每类一次。"""
    await incubation.reach(number, body.kind, body.reached_on, body.document, actor.caller)


@door.get("/incubated-shops")
async def list_incubated_shops(actor: CountyOfficer | Auditor, query: PageQuery, persons: Persons) -> ShopsView:
    """新开网店及首单凭证。"""
    return ShopsView(*await shop_cards(persons, query.cursor, query.limit))


@door.post("/incubated-shops")
async def enter_incubated_shop(
    actor: CountyOfficer, body: ShopInput, key: IdempotencyKey, incubation: Incubation
) -> TrainingMade:
    """登记新开网店：平台、网址、店主与开店日期。"""
    shop = ShopDraft(platform=body.platform, name=body.name, web_address=body.web_address, opened_on=body.opened_on)
    return TrainingMade(await incubation.open_shop(_person(body.person), shop, actor.caller))


@door.put("/incubated-shops/<number:str>/first-order", status=204)
async def prove_incubated_shop(actor: CountyOfficer, number: str, body: ShopProofInput, incubation: Incubation) -> None:
    """登记网店首个已付款订单的平台单号，作为开店凭证。"""
    await incubation.prove_shop(number, body.order, body.paid_on, actor.caller)


@door.get("/site-employments")
async def list_site_employments(
    actor: CountyOfficer | Auditor, query: EmploymentsQuery, persons: Persons
) -> EmploymentsView:
    """服务与物流站点在岗人员，可按日期与站点查询，姓名脱敏。"""
    return EmploymentsView(*await employment_cards(persons, query.day, query.site, query.cursor, query.limit))


@door.post("/site-employments")
async def enter_site_employment(
    actor: CountyOfficer, body: EmploymentInput, key: IdempotencyKey, staff: SiteStaff
) -> TrainingMade:
    """登记站点在岗人员：站点、岗位、起始日与依据。"""
    post = EmploymentDraft(site=body.site, post=body.post, document=body.document, valid_from=body.valid_from)
    return TrainingMade(await staff.employ(_person(body.person), post, actor.caller))


@door.put("/site-employments/<number:str>/end", status=204)
async def end_site_employment(actor: CountyOfficer, number: str, body: EmploymentEndInput, staff: SiteStaff) -> None:
    """登记离岗：自某日起不在岗。"""
    await staff.end(number, body.valid_until, actor.caller)


@door.put("/project-persons/<number:str>/name", status=204)
async def correct_project_person(
    actor: CountyOfficer, number: str, body: PersonCorrectionInput, persons: Persons
) -> None:
    """更正人员姓名与电话。"""
    await persons.correct(number, body.name, body.phone)


def _person(told: ProjectPersonInput) -> PersonDraft:
    return PersonDraft(name=told.name, id_number=told.id_number, phone=told.phone)
