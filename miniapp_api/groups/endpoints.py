"""What can be bought together, and how far the groups are. One joins by placing an order."""

from miniapp_api import door
from miniapp_api.groups.schemas import GroupOffersQuery, GroupOffersView, GroupOfferView
from orders.groups.queries import GroupView, group_of, groups_to_join
from products.group_offers import group_offer, group_offers


@door.get("/group-offers", public=True)
async def list_group_offers(query: GroupOffersQuery) -> GroupOffersView:
    """进行中的社区团购，可按自提点或商品筛选。"""
    return GroupOffersView(await group_offers(query.site, product=query.product))


@door.get("/group-offers/<number:str>", public=True)
async def show_group_offer(number: str) -> GroupOfferView:
    """一个团购及可加入的团；只显示还差多少，不显示谁已参团。"""
    return GroupOfferView(await group_offer(number), await groups_to_join(number))


@door.get("/groups/<number:str>", public=True)
async def show_group(number: str) -> GroupView:
    """一个团的进度与截止时间。"""
    return await group_of(number)
