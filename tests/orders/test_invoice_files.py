"""The file of an invoice: what is taken, what is refused, who gets it, and how long it is kept."""

from datetime import date

import pytest
import pytest_asyncio

from kit.database import scalar
from kit.imaging import PictureInvalid
from orders.invoices.errors import (
    InvoiceFileMissing,
    InvoiceFileRefused,
    InvoiceNotOffered,
    InvoiceRequestNotFound,
    InvoiceStateConflict,
)
from orders.invoices.files import MAX_PDF_BYTES, InvoiceFiles, check_pdf
from orders.invoices.models import TitleKind
from orders.invoices.queries import invoice_of_order
from orders.invoices.service import Invoices
from orders.own_records import forget_deliveries
from tests.content.paint import paint
from tests.orders.mall import Mall
from tests.orders.papers import plain_pdf, stream_of
from tests.orders.test_invoices import CLERK, INVOICE, PERSONAL, paid

SCRIPT = b"<< /S /JavaScript /JS (app.alert(1)) >>"
REFUSED = {
    "no pdf": (b"<html>%PDF-1.7 %%EOF</html>", "not_a_pdf"),
    "cut off": (plain_pdf()[:-7], "not_a_pdf"),
    "too large": (plain_pdf(b"%" + b"x" * MAX_PDF_BYTES), "too_large"),
    "encrypted": (plain_pdf(b"trailer << /Encrypt 5 0 R >>"), "encrypted"),
    "a script": (plain_pdf(b"4 0 obj " + SCRIPT), "active"),
    "a script, its name escaped": (plain_pdf(SCRIPT.replace(b"/JavaScript", b"/J#61vaScri#70t")), "active"),
    "a program": (plain_pdf(b"<< /S /Launch /F (cmd.exe) >>"), "active"),
    "a form that is sent": (plain_pdf(b"<< /S /SubmitForm /F (http://example.com) >>"), "active"),
    "a script among packed objects": (plain_pdf(stream_of(b"/Type /ObjStm /N 1 /First 4", b"4 0 " + SCRIPT)), "active"),
    "the same behind a frame that is not one": (
        plain_pdf(b"(stream\n", stream_of(b"/Type /ObjStm", b"4 0 " + SCRIPT), b"endstream)"), "active"
    ),
    "objects packed in another way": (
        plain_pdf(b"9 0 obj << /Type /ObjStm /Filter [/ASCIIHexDecode /FlateDecode] >>"), "unreadable"
    ),
    "objects behind a predictor": (
        plain_pdf(stream_of(b"/Type /ObjStm /DecodeParms << /Predictor 12 >>", b"x")), "unreadable"
    ),
    "a bomb": (plain_pdf(stream_of(b"", b"0" * 40_000_000)), "unreadable"),
    "too many streams": (plain_pdf(*[b"stream\n"] * 4_001), "unreadable"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_plain_pdf_is_refused(name: str) -> None:
    raw, because = REFUSED[name]
    with pytest.raises(InvoiceFileRefused) as refused:
        check_pdf(raw)
    assert refused.value.facts == {"because": because}


def test_an_ordinary_pdf_is_taken() -> None:
    check_pdf(plain_pdf())
    check_pdf(plain_pdf(stream_of(b"/Type /ObjStm /N 1 /First 4", b"4 0 << /Type /Font >>"), b"<< /URI (https://x) >>"))
    check_pdf(plain_pdf(b"5 0 obj << /Type /Sig /Filter /Adobe.PPKLite >> endobj", stream_of(b"", b"0 0 m 9 9 l S")))


@pytest_asyncio.fixture
async def files(mall: Mall) -> InvoiceFiles:
    return InvoiceFiles(mall.cipher, mall.watch)


async def test_the_buyer_fetches_what_the_merchant_has_stored(mall: Mall, files: InvoiceFiles) -> None:
    invoices, order = Invoices(mall.cipher, mall.watch, 180), await paid(mall)
    number = await invoices.request("C1", order, TitleKind.PERSONAL, PERSONAL)
    with pytest.raises(InvoiceStateConflict):
        await files.keep(mall.merchant, number, plain_pdf(), CLERK)
    await invoices.issue(mall.merchant, number, INVOICE, CLERK)
    with pytest.raises(InvoiceFileMissing):
        await files.of_buyer("C1", order)
    with pytest.raises(InvoiceRequestNotFound):
        await files.keep("M2", number, plain_pdf(), CLERK)
    for bad, refusal in ((b"GIF89a", PictureInvalid), (plain_pdf(SCRIPT), InvoiceFileRefused)):
        with pytest.raises(refusal):
            await files.keep(mall.merchant, number, bad, CLERK)
    await files.keep(mall.merchant, number, paint("PNG", (40, 30)), CLERK)
    picture = await files.of_buyer("C1", order)
    assert (picture.kind, picture.content[:3]) == ("jpeg", b"\xff\xd8\xff")
    await files.keep(mall.merchant, number, plain_pdf(), CLERK)
    assert await files.of_buyer("C1", order) == await files.of_buyer("C1", order)
    assert (await files.of_buyer("C1", order)).content == plain_pdf()
    assert b"%PDF" not in bytes(await scalar("SELECT sealed FROM invoice_file"))
    seen = await invoice_of_order("C1", order)
    assert seen is not None
    assert seen[0].has_file
    with pytest.raises(InvoiceFileMissing):
        await files.of_buyer("C2", order)


async def test_the_file_is_forgotten_with_the_title(mall: Mall, files: InvoiceFiles) -> None:
    invoices, placed = Invoices(mall.cipher, mall.watch, 180), await mall.place(1)
    await mall.bring_to("received", placed)
    number = await invoices.request("C1", placed.number, TitleKind.PERSONAL, PERSONAL)
    await invoices.issue(mall.merchant, number, INVOICE, CLERK)
    await files.keep(mall.merchant, number, plain_pdf(), CLERK)
    mall.watch.forward(days=30)
    await mall.life.earn_due()
    await mall.deliver()
    mall.watch.forward(days=1)
    assert await forget_deliveries(mall.watch()) == 1
    with pytest.raises(InvoiceFileMissing):
        await files.of_buyer("C1", placed.number)
    assert await scalar("SELECT sealed FROM invoice_file") == b""


async def test_without_a_row_of_the_county_the_window_of_the_installation_holds(mall: Mall) -> None:
    order = await paid(mall)
    with pytest.raises(InvoiceNotOffered):
        await Invoices(mall.cipher, mall.watch).request("C1", order, TitleKind.PERSONAL, PERSONAL)
    invoices = Invoices(mall.cipher, mall.watch, 10)
    mall.watch.forward(days=11)
    with pytest.raises(InvoiceNotOffered) as refused:
        await invoices.request("C1", order, TitleKind.PERSONAL, PERSONAL)
    assert refused.value.facts == {"days": 10}
    await invoices.enter_window(date(2026, 1, 1), 12, "示例文件 1 号", "staff:office")
    await invoices.request("C1", order, TitleKind.PERSONAL, PERSONAL)
