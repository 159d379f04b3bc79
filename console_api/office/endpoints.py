"""Sums, where they come from, what does not look right, and the numbers that both are judged by."""

from accounts.actors import Auditor, CountyOfficer, PovertyOfficer
from api_kit.schemas import DaySpan
from console_api import door
from console_api.office.schemas import (
    AlarmLookView,
    AlarmsQuery,
    AlarmStepInput,
    AlarmsView,
    CellQuery,
    CostRateInput,
    DayQuery,
    GuardedRollUpQuery,
    LineInput,
    MarketPriceInput,
    ProductCropInput,
    RollUpQuery,
    ThresholdInput,
    YearQuery,
)
from kit.clock import china_day, utc_now
from poverty_alleviation.office.alarms import AlarmFile, Alarms, alarm_cards, alarm_file
from poverty_alleviation.office.evidence import CellParts, LineTrace, cell_parts, line_trace
from poverty_alleviation.office.models import AlarmState
from poverty_alleviation.office.net_income import NetIncome, net_income
from poverty_alleviation.office.recognised import RecognitionDossier, recognition_dossier
from poverty_alleviation.office.rollups import Audience, RollUp, roll_up, roll_up_for
from poverty_alleviation.office.thresholds import LineCard, OfficeNumbers, OfficeRules, numbers


@door.get("/poverty/roll-ups")
async def show_roll_up(actor: PovertyOfficer | Auditor, query: RollUpQuery) -> RollUp:
    """按县、乡镇、村、商户、产品或带动方式汇总，与上年同期并列；户数不重复计。"""
    return await roll_up(query.by, query.since, query.until, query.township)


@door.get("/poverty/roll-ups/parts")
async def take_roll_up_apart(actor: PovertyOfficer | Auditor, query: CellQuery) -> CellParts:
    """把汇总表的一个数字追溯到分录、订单行、收购单与凭证。"""
    return await cell_parts(query.by, query.key, query.figure, query.since, query.until, query.cursor, query.limit)


@door.get("/poverty/order-lines/<line:str>/trace")
async def trace_order_line(actor: PovertyOfficer | Auditor, line: str) -> LineTrace:
    """订单行的批次、供货份额、收购凭证与所用规则。"""
    return await line_trace(line)


@door.get("/guarded-roll-ups")
async def show_guarded_roll_up(actor: PovertyOfficer | Auditor | CountyOfficer, query: GuardedRollUpQuery) -> RollUp:
    """可对外提供的季度汇总：户数不足或一户独大的格不显示，也不能由减法推出。"""
    audience = Audience.PUBLIC if query.audience is Audience.PUBLIC else Audience.COUNTY
    return await roll_up_for(audience, query.by, query.quarter, china_day(utc_now()), query.township)


@door.get("/poverty/recognised-products/<number:str>/dossier")
async def show_recognition_dossier(actor: PovertyOfficer | Auditor, number: str, query: DaySpan) -> RecognitionDossier:
    """认定产品的材料、名录登记、供应商，以及按账面带动的农户；户数不由人填。"""
    return await recognition_dossier(number, query.since, query.until, china_day(utc_now()))


@door.get("/poverty/households/<code:str>/net-income")
async def show_net_income(actor: PovertyOfficer | Auditor, code: str, query: YearQuery) -> NetIncome:
    """农户全年人均纯收入测算，与当年标准并列，仅供参考；认定以文件为准。"""
    return await net_income(code, query.year)


@door.get("/poverty/numbers")
async def show_office_numbers(actor: PovertyOfficer | Auditor, query: DayQuery) -> OfficeNumbers:
    """某日有效的阈值、标准线、成本比例与市场价，均注明来源。"""
    return await numbers(query.day or china_day(utc_now()))


@door.post("/poverty/thresholds", status=204)
async def enter_threshold(actor: PovertyOfficer, body: ThresholdInput, rules: OfficeRules) -> None:
    """登记预警或小格阈值，自某日起；小格只能更严。"""
    await rules.enter_threshold(body.name, body.value, body.valid_from, body.source, actor.caller)


@door.post("/poverty/lines", status=204)
async def enter_poverty_line(actor: PovertyOfficer, body: LineInput, rules: OfficeRules) -> None:
    """登记某年的标准线及来源文件。"""
    line = LineCard(
        year=body.year, area=body.area, kind=body.kind, fen=body.fen, source=body.source, is_verified=body.is_verified
    )
    await rules.enter_line(line, actor.caller)


@door.post("/poverty/cost-rates", status=204)
async def enter_cost_rate(actor: PovertyOfficer, body: CostRateInput, rules: OfficeRules) -> None:
    """登记某类作物的成本比例，自某日起。"""
    await rules.enter_cost_rate(body.crop, body.basis_points, body.valid_from, body.source, actor.caller)


@door.post("/poverty/product-crops", status=204)
async def enter_product_crop(actor: PovertyOfficer, body: ProductCropInput, rules: OfficeRules) -> None:
    """登记产品所属的作物类别。"""
    await rules.enter_crop(body.product, body.crop, actor.caller)


@door.post("/poverty/market-prices", status=204)
async def enter_market_price(actor: PovertyOfficer, body: MarketPriceInput, rules: OfficeRules) -> None:
    """登记产品原料的市场价，自某日起，以分每公斤计。"""
    await rules.enter_market_price(body.product, body.fen_per_kg, body.valid_from, body.source, actor.caller)


@door.get("/poverty/alarms")
async def list_alarms(actor: PovertyOfficer | Auditor, query: AlarmsQuery) -> AlarmsView:
    """预警工作清单，最新在前。"""
    return AlarmsView(*await alarm_cards(query.state, query.rule, query.cursor, query.limit))


@door.get("/poverty/alarms/<number:str>")
async def show_alarm(actor: PovertyOfficer | Auditor, number: str) -> AlarmFile:
    """一条预警及其处理经过。"""
    return await alarm_file(number)


@door.post("/poverty/alarms/<number:str>/steps")
async def take_alarm_step(actor: PovertyOfficer, number: str, body: AlarmStepInput, alarms: Alarms) -> AlarmFile:
    """处理预警：指派、说明、确认、办结；每一步留痕。"""
    await alarms.move(number, AlarmState(body.state), body.note, actor.caller, body.assignee)
    return await alarm_file(number)


@door.post("/poverty/alarm-looks", status=200)
async def look_for_alarms(actor: PovertyOfficer, alarms: Alarms) -> AlarmLookView:
    """立即检查全部预警规则；同样的事实只报一次。"""
    return AlarmLookView(await alarms.look())
