"""Merchants answer reviews; the county alone hides one, with a reason that stays."""

from accounts.actors import Auditor, CountyOfficer, MerchantClerk, own_merchant
from api_kit.doors import IdempotencyKey
from console_api import door
from console_api.reviews.schemas import (
    AnswerInput,
    ReviewListQuery,
    ReviewListView,
    ReviewRecordView,
    VisibilityInput,
)
from reviews.queries import OwnReview, hidings, review, reviews_of
from reviews.service import Reviews


@door.get("/reviews")
async def list_reviews(actor: MerchantClerk | CountyOfficer | Auditor, query: ReviewListQuery) -> ReviewListView:
    """各状态的评价，最新在前；商户人员只看到自己商户的。"""
    merchant = own_merchant(actor)
    return ReviewListView(*await reviews_of(None, merchant, query.state, query.cursor, query.limit))


@door.get("/reviews/<number:str>")
async def show_review(actor: MerchantClerk | CountyOfficer | Auditor, number: str) -> ReviewRecordView:
    """一条评价及对它的全部处理记录。"""
    merchant = own_merchant(actor)
    return ReviewRecordView(await review(number, merchant), await hidings(number))


@door.post("/reviews/<number:str>/answer")
async def answer_review(
    actor: MerchantClerk, number: str, body: AnswerInput, key: IdempotencyKey, reviews: Reviews
) -> OwnReview:
    """商户回复评价：每条一次，人工审核后展示。"""
    await reviews.answer(actor.merchant, number, body.text, actor.caller)
    return await review(number, actor.merchant)


@door.put("/reviews/<number:str>/visibility")
async def set_review_visibility(
    actor: CountyOfficer, number: str, body: VisibilityInput, reviews: Reviews
) -> ReviewRecordView:
    """隐藏评价或恢复展示：须写明理由，留存记录；评价不可删除（电子商务法第三十九条）。"""
    await reviews.set_hidden(number, body.hidden, body.reason, actor.caller)
    return ReviewRecordView(await review(number), await hidings(number))
