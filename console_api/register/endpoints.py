"""Who belongs to a household, where it may be paid, and what was recorded of it each year.

The poverty office writes; auditors read masked. Nobody else asks.
"""

import msgspec

from accounts.actors import Auditor, PovertyOfficer
from api_kit.doors import IdempotencyKey, Made
from console_api import door
from console_api.poverty_alleviation.schemas import ViewingInput
from console_api.register.schemas import (
    AccountEntered,
    AccountInput,
    AccountNumberView,
    AccountsView,
    EndInput,
    IncomeInput,
    IncomesView,
    ItemRuleInput,
    ItemRulesView,
    LabelInput,
    LabelsQuery,
    LabelsView,
    MemberEntered,
    MemberInput,
    MembersView,
    MoveInput,
    YearInput,
    YearsView,
)
from kit.clock import china_day, utc_now
from poverty_alleviation.register.accounts import AccountDraft, BankAccounts
from poverty_alleviation.register.incomes import IncomeFigures, Incomes, ItemRule, incomes, item_rules
from poverty_alleviation.register.labels import Label, RegisterLabels, labels
from poverty_alleviation.register.members import MemberDraft, MemberIdentity, Members
from poverty_alleviation.register.years import YearDraft, Years, years


async def _member_entered(code: str) -> MemberEntered:
    return MemberEntered(code)


async def _account_entered(code: str) -> AccountEntered:
    return AccountEntered(code)


@door.post("/poverty/households/<code:str>/members", answer=_member_entered)
async def enter_member(
    actor: PovertyOfficer, code: str, body: MemberInput, key: IdempotencyKey, register: Members
) -> Made:
    """登记家庭成员，自某日起；未成年人只登记出生年份。"""
    said = {name: getattr(body, name) for name in MemberDraft.__struct_fields__ if getattr(body, name) is not None}
    draft = MemberDraft(**said)
    return Made(await register.enter(code, draft, body.valid_from, body.document, actor.caller))


@door.get("/poverty/households/<code:str>/members")
async def list_members(actor: PovertyOfficer | Auditor, code: str, register: Members) -> MembersView:
    """家庭成员及其起止日期，姓名与电话已遮盖。"""
    return MembersView(await register.cards(code))


@door.post("/poverty/households/<code:str>/members/<member:str>/identity-views", status=200)
async def show_member_identity(
    actor: PovertyOfficer, code: str, member: str, body: ViewingInput, register: Members
) -> MemberIdentity:
    """成员的姓名、证件、电话与健康状况中该用途可看的部分；须说明用途与依据，先留访问记录再回答。"""
    return await register.identity(actor, code, member, body.viewing())


@door.put("/poverty/households/<code:str>/members/<member:str>/end", status=204)
async def end_membership(actor: PovertyOfficer, code: str, member: str, body: EndInput, register: Members) -> None:
    """成员自某日起不再属于该户。"""
    await register.end(code, member, body.valid_until, actor.caller)


@door.post("/poverty/households/<code:str>/members/<member:str>/moves", status=204)
async def move_member(actor: PovertyOfficer, code: str, member: str, body: MoveInput, register: Members) -> None:
    """成员自某日起转入另一户，或变更与户主关系；原记录保留。"""
    day, document = body.valid_from, body.document
    await register.move(code, member, body.household, body.relation, day, document, actor.caller)


@door.post("/poverty/households/<code:str>/accounts", answer=_account_entered)
async def enter_account(
    actor: PovertyOfficer, code: str, body: AccountInput, key: IdempotencyKey, accounts: BankAccounts
) -> Made:
    """登记收款账户：成员本人的，或注明关系的亲属的。"""
    draft = msgspec.convert(body, AccountDraft, from_attributes=True)
    return Made(await accounts.enter(code, draft, body.valid_from, body.document, actor.caller))


@door.get("/poverty/households/<code:str>/accounts")
async def list_accounts(actor: PovertyOfficer | Auditor, code: str, accounts: BankAccounts) -> AccountsView:
    """收款账户及其起止日期，账号已遮盖。"""
    return AccountsView(await accounts.cards(code))


@door.post("/poverty/households/<code:str>/accounts/<account:str>/number-views", status=200)
async def show_account_number(
    actor: PovertyOfficer, code: str, account: str, body: ViewingInput, accounts: BankAccounts
) -> AccountNumberView:
    """完整账号；须说明用途与依据，先留访问记录再回答。"""
    return AccountNumberView(account, await accounts.number(actor, code, account, body.viewing()))


@door.put("/poverty/households/<code:str>/accounts/<account:str>/end", status=204)
async def end_account(actor: PovertyOfficer, code: str, account: str, body: EndInput, accounts: BankAccounts) -> None:
    """自某日起不再向该账户付款。"""
    await accounts.end(code, account, body.valid_until, actor.caller)


@door.post("/poverty/households/<code:str>/years", status=204)
async def record_year(actor: PovertyOfficer, code: str, body: YearInput, key: IdempotencyKey, record: Years) -> None:
    """登记某年度的户情；原有记录保留，以最新的为准。"""
    await record.record(code, msgspec.convert(body, YearDraft, from_attributes=True), body.document, actor.caller)


@door.get("/poverty/households/<code:str>/years")
async def list_years(actor: PovertyOfficer | Auditor, code: str) -> YearsView:
    """历年户情，最新在前。"""
    return YearsView(await years(code))


@door.post("/poverty/households/<code:str>/incomes", status=204)
async def record_income(
    actor: PovertyOfficer, code: str, body: IncomeInput, key: IdempotencyKey, record: Incomes
) -> None:
    """登记某年度的家庭收入（AC07）；各项须与合计相符，原有记录保留，以最新的为准。"""
    told = msgspec.convert(body, IncomeFigures, from_attributes=True)
    await record.record(code, body.year, body.persons, told, body.document, actor.caller)


@door.get("/poverty/households/<code:str>/incomes")
async def list_incomes(actor: PovertyOfficer | Auditor, code: str) -> IncomesView:
    """历年家庭收入，最新在前；另列按当年规则不计入的项目及计入后的数额。"""
    return IncomesView(await incomes(code))


@door.post("/poverty/income-item-rules", status=204)
async def enter_income_item_rule(
    actor: PovertyOfficer, body: ItemRuleInput, key: IdempotencyKey, record: Incomes
) -> None:
    """登记某项收入在某年度是否计入；以最新的为准。"""
    await record.rule(ItemRule(body.item, body.year, body.counted, body.source), actor.caller)


@door.get("/poverty/income-item-rules")
async def list_income_item_rules(actor: PovertyOfficer | Auditor) -> ItemRulesView:
    """各年度不计入或计入收入的项目。"""
    return ItemRulesView(await item_rules())


@door.get("/poverty/labels")
async def list_register_labels(actor: PovertyOfficer | Auditor, query: LabelsQuery) -> LabelsView:
    """某日使用的名称与代码。"""
    return LabelsView(await labels(query.day or china_day(utc_now())))


@door.post("/poverty/labels", status=204)
async def enter_register_label(actor: PovertyOfficer, body: LabelInput, register: RegisterLabels) -> None:
    """登记一个名称，自某日起。"""
    label = Label(body.kind, body.code, body.zh, body.valid_from, body.valid_until)
    await register.enter(label, body.source, actor.caller)
