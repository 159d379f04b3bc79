"""A consumer's address book, and freight on a product's page."""

from accounts.actors import Consumer
from api_kit.doors import IdempotencyKey
from logistics.addresses import Address, AddressBook
from logistics.freight import FreightItem, freight_of, freight_terms
from logistics.regions import check_region
from miniapp_api import door
from miniapp_api.logistics.schemas import (
    AddressesView,
    AddressInput,
    AddressNumberView,
    FreightQuery,
    FreightView,
    NewAddress,
    WeChatAddress,
)
from products.freight_facts import freight_facts


def _address(body: AddressInput) -> Address:
    return Address(
        recipient=body.recipient,
        phone=body.phone,
        region=body.region,
        region_name=body.region_name,
        street=body.street,
    )


@door.get("/addresses")
async def list_addresses(actor: Consumer, book: AddressBook) -> AddressesView:
    """我的收货地址，默认地址在前。"""
    return AddressesView(await book.addresses(actor.number))


@door.post("/addresses")
async def add_address(actor: Consumer, body: NewAddress, key: IdempotencyKey, book: AddressBook) -> AddressNumberView:
    """新增收货地址；第一个地址即为默认地址。"""
    return AddressNumberView(await book.add(actor.number, _address(body), is_default=body.is_default))


@door.post("/addresses/wechat")
async def add_wechat_address(
    actor: Consumer, body: WeChatAddress, key: IdempotencyKey, book: AddressBook
) -> AddressNumberView:
    """保存 wx.chooseAddress 返回的收货地址。"""
    named = [part for part in (body.province_name, body.city_name, body.county_name) if part]
    address = Address(
        recipient=body.user_name,
        phone=body.tel_number,
        region=body.national_code,
        region_name=" ".join(named),
        street=body.detail_info_new or body.street_name + body.detail_info,
    )
    return AddressNumberView(await book.add(actor.number, address))


@door.put("/addresses/<number:str>", status=204)
async def change_address(actor: Consumer, number: str, body: AddressInput, book: AddressBook) -> None:
    """修改收货地址；已下的订单不受影响。"""
    await book.change(actor.number, number, _address(body))


@door.put("/addresses/<number:str>/default", status=204)
async def make_address_default(actor: Consumer, number: str, book: AddressBook) -> None:
    """设为默认地址。"""
    await book.make_default(actor.number, number)


@door.delete("/addresses/<number:str>")
async def remove_address(actor: Consumer, number: str, book: AddressBook) -> None:
    """删除收货地址。"""
    await book.remove(actor.number, number)


@door.get("/products/<code:str>/freight", public=True)
async def show_freight(code: str, query: FreightQuery) -> FreightView:
    """商品到某地区的运费与送达时间。"""
    check_region(query.region)
    facts = await freight_facts(code, query.sku)
    terms = await freight_terms([facts.freight_template])
    if not facts.freight_template:
        return FreightView(query.region, True, 0, None, None, None, None)
    rule = terms[facts.freight_template].rule_for(query.region)
    if rule is None:
        return FreightView(query.region, False, None, None, None, None, None)
    item = FreightItem(
        reference=code,
        template=facts.freight_template,
        quantity=query.quantity,
        mass_gram=facts.mass_gram,
        goods_fen=facts.price_fen * query.quantity,
    )
    return FreightView(
        query.region,
        True,
        freight_of([item], terms, query.region).fen,
        rule.free_from_fen,
        rule.free_from_pieces,
        rule.days_from,
        rule.days_to,
    )
