"""Requests about evidence, calls, sheets and disputes that succeed."""

import secrets

from kit.clock import china_day, utc_now
from poverty_alleviation.confirming.disputes import Disputes, RowName
from poverty_alleviation.confirming.models import DisputedKind
from poverty_alleviation.confirming.sheets import StatementSheets
from tests.content.paint import paint
from tests.doors.belongings import Owner
from tests.doors.good_requests import GoodRequest, form_with_file, good, mall_of
from tests.poverty_alleviation.belongings import an_issued_one
from tests.poverty_alleviation.good_requests import concluded, linked
from tests.traceability.good_requests import delivery

EVIDENCE = "/v1/console/poverty/evidence"


def unseen() -> bytes:
    """A photograph that nobody has handed in."""
    return paint(colour=tuple(secrets.token_bytes(3)))


async def a_paid_row(owner: Owner) -> tuple[str, RowName]:
    """A household and what it was paid at the scale."""
    body = await delivery(owner, "station_keeper")
    body |= {"mode": "paid_at_scale", "evidence": f"示例收购单 {secrets.token_hex(4)}"}
    code = await linked(owner, body)
    number = (await owner.ask("station_keeper", "POST", "/v1/console/intakes", body))["number"]
    await mall_of(owner.house).deliver()
    return code, RowName(DisputedKind.INTAKE, number)


async def a_dispute(owner: Owner) -> str:
    """An open one."""
    code, row = await a_paid_row(owner)
    return await Disputes().open(code, [row], "示例异议", "staff:office")


async def an_answered_dispute(owner: Owner) -> str:
    """One that can be closed."""
    number = await a_dispute(owner)
    await Disputes().answer(number, "示例答复", "staff:office")
    return number


async def a_sheet(owner: Owner) -> str:
    """A photograph without a code."""
    sheets = mall_of(owner.house).built.services[StatementSheets]
    assert isinstance(sheets, StatementSheets)
    (taken,) = await sheets.take([unseen()], "staff:office")
    assert taken.number
    return taken.number


async def a_filed_sheet(owner: Owner) -> str:
    """One that a person has read."""
    number = await a_sheet(owner)
    await owner.ask("poverty_officer", "PUT", f"/v1/console/poverty/statement-sheets/{number}/statement",
                    {"statement": await an_issued_one()})  # fmt: skip
    return number


async def some_evidence(owner: Owner) -> str:
    """A photographed contract."""
    about = f"?kind=contract&proved=benefit_contract&number={await concluded(owner)}"
    headers = owner.house.headers("poverty_officer") | {"content-type": "image/jpeg"}
    reply = await owner.http.post(EVIDENCE + about, headers=headers, content=unseen())
    assert reply.status_code == 201, reply.text
    return str(reply.json()["number"])


@good("console.take_evidence")
async def take_evidence(owner: Owner) -> GoodRequest:
    about = {"kind": "contract", "proved": "benefit_contract", "number": await concluded(owner)}
    return GoodRequest(query=about, body=unseen(), headers={"content-type": "image/jpeg"})


@good("console.list_evidence")
async def list_evidence(owner: Owner) -> GoodRequest:
    return GoodRequest(query={"proved": "benefit_contract", "number": await concluded(owner)})


@good("console.look_at_evidence")
async def look_at_evidence(owner: Owner) -> GoodRequest:
    return GoodRequest(
        names={"number": await some_evidence(owner)}, body={"purpose": "evidence", "document": "示例核对"}
    )


@good("console.record_statement_call")
async def record_call(owner: Owner) -> GoodRequest:
    body = {"called_at": utc_now().isoformat(), "script": "示例：付款是否收到？", "answer": "agreed"}
    return GoodRequest(names={"number": await an_issued_one()}, body=body)


@good("console.take_statement_sheets")
async def take_sheets(owner: Owner) -> GoodRequest:
    return form_with_file(unseen(), "image/jpeg")


@good("console.file_statement_sheet")
async def file_sheet(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": await a_sheet(owner)}, body={"statement": await an_issued_one()})


@good("console.accept_statement_sheet")
async def accept_sheet(owner: Owner) -> GoodRequest:
    number = await a_filed_sheet(owner)
    look = {"purpose": "evidence", "document": "示例核对"}
    headers = owner.house.headers("poverty_officer")
    reply = await owner.http.post(f"{EVIDENCE}/{number}/views", headers=headers, json=look)
    assert reply.status_code == 200, reply.text
    return GoodRequest(names={"number": number}, body={"signed_on": china_day(utc_now()).isoformat()})


@good("console.reject_statement_sheet")
async def reject_sheet(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": await a_sheet(owner)}, body={"note": "示例：不是签字页"})


@good("console.open_dispute")
async def open_dispute(owner: Owner) -> GoodRequest:
    code, row = await a_paid_row(owner)
    body = {"rows": [{"kind": row.kind, "source_id": row.source_id}], "reason": "示例异议"}
    return GoodRequest(names={"code": code}, body=body)


@good("console.answer_dispute")
async def answer_dispute(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": await a_dispute(owner)}, body={"answer": "示例答复"})


@good("console.close_dispute")
async def close_dispute(owner: Owner) -> GoodRequest:
    return GoodRequest(
        names={"number": await an_answered_dispute(owner)}, body={"state": "rejected", "verdict": "示例结论"}
    )
