"""Taking goods in at stations and in the field, and making lots. Nobody here learns anybody's status."""

import asyncio
from collections.abc import Mapping

import msgspec
from sanic.response import HTTPResponse

from accounts.actors import Auditor, MerchantClerk, PovertyOfficer, Staff, StationKeeper
from api_kit.doors import IdempotencyKey
from api_kit.downloads import printed
from api_kit.shape_words import in_chinese
from console_api import door
from console_api.traceability.schemas import (
    ContributionsInput,
    IntakeBatchInput,
    IntakeBatchView,
    IntakeInput,
    IntakeRowView,
    IntakesView,
    LotInput,
    LotsQuery,
    LotsView,
    LotView,
    PageQuery,
    SupplierEnteredView,
    SupplierInput,
    SuppliersView,
)
from kit.errors import DomainError
from traceability.errors import IntakeInvalid
from traceability.lots import LotNotes, Lots
from traceability.models import LotKind
from traceability.queries import IntakeCard, intake_cards, intakes, lot, lots, suppliers
from traceability.receipts import IntakeReceipts
from traceability.service import Intakes, Reach, Suppliers, Weighing


def reach_of(actor: Staff) -> Reach:
    """A keeper acts within a township, a clerk within a merchant, the county's offices everywhere."""
    return Reach(
        caller=actor.caller,
        township=actor.township if isinstance(actor, StationKeeper) else None,
        merchant=actor.merchant if isinstance(actor, MerchantClerk) else None,
    )


def seen_by(actor: Staff, name: str) -> str:
    """A supplier's name; an auditor reads no personal name."""
    return name[:1] + "*" * (len(name) - 1) if isinstance(actor, Auditor) else name


@door.post("/suppliers")
async def enter_supplier(
    actor: StationKeeper | MerchantClerk, body: SupplierInput, register: Suppliers
) -> SupplierEnteredView:
    """登记供货人。"""
    number = await register.enter(reach_of(actor), body.name, body.kind, body.township)
    return SupplierEnteredView(number)


@door.get("/suppliers")
async def list_suppliers(actor: StationKeeper | MerchantClerk | PovertyOfficer, query: PageQuery) -> SuppliersView:
    """供货人：站点看本乡镇的，商户看自己登记或收购过的。"""
    reach = reach_of(actor)
    return SuppliersView(*await suppliers(reach.township, reach.merchant, query.cursor, query.limit))


@door.post("/intakes")
async def accept_intake(
    actor: StationKeeper | MerchantClerk, body: IntakeInput, key: IdempotencyKey, register: Intakes
) -> IntakeCard:
    """收购：称重、定级、定价；过秤付款或代销。离线单号相同则返回同一笔。"""
    number = await register.accept(reach_of(actor), msgspec.convert(body, Weighing, from_attributes=True))
    return (await intake_cards([number]))[number]


@door.post("/intake-batches", status=200)
async def accept_intake_batch(
    actor: StationKeeper | MerchantClerk, body: IntakeBatchInput, register: Intakes
) -> IntakeBatchView:
    """离线收购批量上传：逐条答复，一条有误不影响其他；按离线单号去重，可整批重传。"""
    readable: dict[int, Weighing] = {}
    refused: dict[int, DomainError] = {}
    for position, told in enumerate(body.rows):
        try:
            strict = msgspec.convert(msgspec.to_builtins(told), IntakeInput)
            readable[position] = msgspec.convert(strict, Weighing, from_attributes=True)
        except msgspec.ValidationError as error:
            sentence, _, place = str(error).partition(" - at `$.")
            refused[position] = IntakeInvalid(members=[place.rstrip("`")], because=in_chinese(sentence))
    answers = dict(zip(readable, await register.accept_each(reach_of(actor), list(readable.values())), strict=True))
    cards = await intake_cards([answer for answer in answers.values() if isinstance(answer, str)])
    return IntakeBatchView(
        [_row(told.client_id, (refused | answers)[position], cards) for position, told in enumerate(body.rows)]
    )


def _row(client_id: str, answer: str | DomainError, cards: Mapping[str, IntakeCard]) -> IntakeRowView:
    if isinstance(answer, str):
        return IntakeRowView(client_id=client_id, intake=cards[answer])
    return IntakeRowView(client_id=client_id, code=answer.code, title=answer.title, facts=answer.facts)


@door.get("/intakes")
async def list_intakes(
    actor: StationKeeper | MerchantClerk | PovertyOfficer | Auditor, query: PageQuery
) -> IntakesView:
    """收购单，最新在前。"""
    reach = reach_of(actor)
    page, following = await intakes(reach.township, reach.merchant, query.cursor, query.limit)
    seen = [msgspec.structs.replace(i, supplier_name=seen_by(actor, i.supplier_name)) for i in page]
    return IntakesView(seen, following)


@door.get("/intakes/<number:str>/receipt")
async def print_intake_receipt(
    actor: StationKeeper | MerchantClerk | PovertyOfficer, number: str, receipts: IntakeReceipts
) -> HTTPResponse:
    """打印收购单（A4 PDF）：重量、等级、单价、方式，双方签字栏与核对二维码。"""
    reach = reach_of(actor)
    shown = await receipts.receipt(reach.township, reach.merchant, number)
    return printed(await asyncio.to_thread(receipts.paper, shown), "intake-receipt.pdf")


@door.post("/lots")
async def make_lot(actor: MerchantClerk, body: LotInput, register: Lots) -> LotView:
    """用收购单组成批次；封存前可补充。"""
    notes = msgspec.convert(body, LotNotes, from_attributes=True)
    number = await register.make(
        actor.merchant, body.product, body.input_gram, body.intakes, actor.caller, LotKind(body.kind), notes
    )
    return LotView(*await lot(actor.merchant, number))


@door.post("/lots/<number:str>/contributions")
async def contribute_to_lot(actor: MerchantClerk, number: str, body: ContributionsInput, register: Lots) -> LotView:
    """向未封存的批次补充收购单。"""
    await register.contribute(actor.merchant, number, body.intakes)
    return LotView(*await lot(actor.merchant, number))


@door.put("/lots/<number:str>/seal")
async def seal_lot(actor: MerchantClerk, number: str, register: Lots) -> LotView:
    """封存批次：供货份额之和须与投料重量完全一致，此后不再改变。"""
    await register.seal(actor.merchant, number, actor.caller)
    return LotView(*await lot(actor.merchant, number))


@door.get("/lots")
async def list_lots(actor: MerchantClerk | PovertyOfficer | Auditor, query: LotsQuery) -> LotsView:
    """批次与余量，最新在前。"""
    return LotsView(*await lots(reach_of(actor).merchant, query.product, query.cursor, query.limit))


@door.get("/lots/<number:str>")
async def show_lot(actor: MerchantClerk | PovertyOfficer | Auditor, number: str) -> LotView:
    """批次与供货份额。"""
    card, parts = await lot(reach_of(actor).merchant, number)
    seen = [msgspec.structs.replace(p, supplier_name=seen_by(actor, p.supplier_name)) for p in parts]
    return LotView(card, seen)
