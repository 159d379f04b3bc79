"""What can be bought together, and how far the groups are. One joins by placing an order."""

from miniapp_api import door
from miniapp_api.groups.schemas import GroupOffersQuery, GroupOffersView, GroupOfferView, GroupsQuery
from orders.groups.queries import GroupView, group_of, groups_to_join
from products.group_offers import group_offer, group_offers


@door.get("/group-offers", public=True)
async def list_group_offers(query: GroupOffersQuery) -> GroupOffersView:
    """进行中的社区团购，可按自提点或商品筛选。"""
    page = await group_offers(query.site, product=query.product, cursor=query.cursor, limit=query.limit)
    return GroupOffersView(*page)


@door.get("/group-offers/<number:str>", public=True)
async def show_group_offer(number: str, query: GroupsQuery) -> GroupOfferView:
    """一个团购及可加入的团；只显示还差多少，不显示谁已参团。"""
    offer = await group_offer(number)
    return GroupOfferView(offer, *await groups_to_join(number, cursor=query.cursor, limit=query.limit))


@door.get("/groups/<number:str>", public=True)
async def show_group(number: str) -> GroupView:
    """一个团的进度与截止时间。"""
    return await group_of(number)
