"""The receipt of a delivery (purchase slip, domain reference 2.4): what was weighed, at what price, signed by both.

It says what the scale says and nothing of who the supplier is to anybody else. The code on it leads to a page with the
same numbers and without a name, so that a supplier can see that the records say what the paper says.
"""

import hmac
from dataclasses import dataclass
from datetime import UTC
from urllib.parse import quote

import msgspec

from kit.clock import CHINA
from kit.documents import Sheet
from kit.encryption import FieldCipher
from kit.money import yuan
from merchants.queries import merchant_names
from places.queries import division_names, site_names
from products.dossiers import product_dossier
from traceability.errors import IntakeUnknown
from traceability.models import IntakeMode
from traceability.queries import IntakeCard, intake_of

MODES = {
    IntakeMode.PAID_AT_SCALE: "现款收购（当场付清）",
    IntakeMode.CONSIGNMENT: "代销（售出后结算，单价为约定参考价）",
}
SIGNATURES = ("供货人", "收购经办人")
_TOKEN_CHARS = 24


class ReceiptShown(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery with the names of what it mentions by code."""

    card: IntakeCard
    product: str
    merchant: str
    place: str

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """What the paper and its page say, by what it is called; no name of a person."""
        card = self.card
        gross = []
        if card.gross_gram is not None and card.tare_gram is not None:
            gross = [("毛重 / 皮重", f"{_kilograms(card.gross_gram)} / {_kilograms(card.tare_gram)} 千克")]
        return [
            ("收购单号", card.number),
            ("产品", self.product),
            ("等级", card.grade),
            *gross,
            ("净重", f"{_kilograms(card.mass_gram)} 千克"),
            ("单价", f"{yuan(card.unit_price_fen)} 元/千克"),
            ("金额", f"{yuan(card.amount_fen)} 元"),
            ("方式", MODES[IntakeMode(card.mode)]),
            ("过秤时间", f"{card.weighed_at.astimezone(CHINA):%Y-%m-%d %H:%M}"),
            ("收购方", self.merchant),
            ("地点", self.place),
        ]


@dataclass(frozen=True)
class IntakeReceipts:
    """Makes and recognises receipts. ``base_url`` is where printed codes lead; ``cipher`` keys them."""

    cipher: FieldCipher
    base_url: str

    async def receipt(self, township: str | None, merchant: str | None, number: str) -> ReceiptShown:
        """A delivery within a township or to a merchant; both None: any. Raises :class:`IntakeUnknown`."""
        card, division = await intake_of(township, merchant, number)
        place = (await site_names([card.site])).get(card.site) or (await division_names([division])).get(division, "")
        return ReceiptShown(
            card=card,
            product=(await product_dossier(card.product)).title,
            merchant=(await merchant_names([card.merchant])).get(card.merchant, ""),
            place=place,
        )

    async def behind(self, number: str, token: str) -> ReceiptShown:
        """What the printed code of a receipt leads to. Raises :class:`IntakeUnknown` for any other code."""
        if not token.isascii() or not hmac.compare_digest(token, self._token(number)):
            raise IntakeUnknown(intake=number[:40])
        return await self.receipt(None, None, number)

    def link(self, number: str) -> str:
        """Where a receipt's code leads."""
        return f"{self.base_url}/r/{quote(number, safe='')}/{self._token(number)}"

    def paper(self, shown: ReceiptShown) -> bytes:
        """The receipt as a PDF, the same bytes whenever it is printed. In a thread: it takes its time."""
        card = shown.card
        sheet = Sheet(f"收购单 {card.number}", card.weighed_at.astimezone(UTC))
        sheet.begin_page(code=self.link(card.number))
        sheet.line("农产品收购单", 18)
        sheet.line(f"供货人 {card.supplier_name}  供货人编号 {card.supplier}")
        sheet.space(10)
        sheet.table([1, 3], [["项目", "内容"], *[[name, said] for name, said in shown.pairs]], numbers_from=9)
        sheet.space()
        sheet.boxes(SIGNATURES)
        sheet.space(2)
        sheet.line("双方核对无误后签字，各执一份。扫右上角二维码可核对本单与系统记录是否一致。", 9)
        return sheet.octets()

    def _token(self, number: str) -> str:
        """Made anew from the number for every print, so that nothing of it is kept."""
        return self.cipher.blind_index("intake|receipt", number).hex()[:_TOKEN_CHARS]


def _kilograms(gram: int) -> str:
    return f"{gram // 1000}.{gram % 1000:03}"
