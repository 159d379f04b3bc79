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
from orders.invoices.files import InvoiceFiles
from orders.invoices.models import TitleKind
from orders.invoices.queries import invoice_of_order
from orders.invoices.service import Invoices
from orders.own_records import forget_deliveries
from tests.content.paint import paint
from tests.orders.mall import Mall
from tests.orders.papers import plain_pdf
from tests.orders.test_invoices import CLERK, INVOICE, PERSONAL, paid

SCRIPT = b"<< /S /JavaScript /JS (app.alert(1)) >>"


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
