"""The wire of addresses and of freight on a product's page."""

from typing import Annotated

import msgspec

from api_kit.schemas import Input, View
from logistics.addresses import KeptAddress

_LINE = r"^[^\x00-\x1f\x7f]*$(?!\n)"

RegionCode = Annotated[str, msgspec.Meta(pattern=r"^[1-9][0-9]{5}$(?!\n)")]
Phone = Annotated[str, msgspec.Meta(pattern=r"^[0-9+-]{6,20}$(?!\n)")]
Recipient = Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=_LINE)]
Part = Annotated[str, msgspec.Meta(max_length=20, pattern=_LINE)]


class AddressInput(Input, kw_only=True):
    """An address; region and its name are what the phone's region picker gives."""

    recipient: Recipient
    phone: Phone
    region: RegionCode
    region_name: Annotated[str, msgspec.Meta(min_length=2, max_length=60, pattern=_LINE)]
    street: Annotated[str, msgspec.Meta(min_length=2, max_length=200, pattern=_LINE)]


class NewAddress(AddressInput, kw_only=True):
    """A new address, to be offered first if so wished."""

    is_default: bool = False


class WeChatAddress(Input, kw_only=True, rename="camel"):
    """What ``wx.chooseAddress`` gives, with WeChat's own names.

    ``nationalCode`` is the code of the county; where a phone gives none, the region picker asks for it.
    """

    user_name: Recipient
    tel_number: Phone
    national_code: RegionCode
    province_name: Part
    city_name: Part
    county_name: Part
    detail_info: Annotated[str, msgspec.Meta(min_length=1, max_length=160, pattern=_LINE)]
    street_name: Annotated[str, msgspec.Meta(max_length=40, pattern=_LINE)] = ""
    detail_info_new: Annotated[str, msgspec.Meta(max_length=160, pattern=_LINE)] = ""
    postal_code: Annotated[str, msgspec.Meta(max_length=10)] = ""
    err_msg: Annotated[str, msgspec.Meta(max_length=60)] = ""


class AddressesView(View):
    """The consumer's addresses, the default first."""

    addresses: list[KeptAddress]


class AddressNumberView(View):
    """The number of a new address."""

    number: str


class FreightQuery(Input):
    """Whereto and how many; ``sku`` defaults to the product's first one."""

    region: RegionCode
    quantity: Annotated[int, msgspec.Meta(ge=1, le=999)] = 1
    sku: Annotated[str, msgspec.Meta(max_length=40)] | None = None


class FreightView(View):
    """What sending costs and how many days it takes from handing over; not served has neither."""

    region: str
    served: bool
    freight_fen: int | None
    free_from_fen: int | None
    free_from_pieces: int | None
    days_from: int | None
    days_to: int | None
