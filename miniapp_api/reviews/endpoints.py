"""Reviews: written by buyers, read by everybody."""

from accounts.actors import Consumer
from api_kit.doors import IdempotencyKey
from miniapp_api import door
from miniapp_api.reviews.schemas import (
    FollowUpInput,
    OwnReviewsView,
    PageQuery,
    ProductReviewsQuery,
    ProductReviewsView,
    ReviewInput,
)
from reviews.queries import OwnReview, product_reviews, rating_of, review, reviews_of
from reviews.service import Reviews, Said


@door.post("/reviews")
async def write_review(actor: Consumer, body: ReviewInput, key: IdempotencyKey, reviews: Reviews) -> OwnReview:
    """评价已收货的商品：每件一次，审核通过后展示；可匿名，最多 9 张图片。"""
    said = Said(body.text, body.pictures)
    number = await reviews.write(actor.number, actor.openid, body.line, body.stars, said, body.anonymous)
    return await review(number)


@door.post("/reviews/<number:str>/follow-up")
async def follow_up_review(
    actor: Consumer, number: str, body: FollowUpInput, key: IdempotencyKey, reviews: Reviews
) -> OwnReview:
    """追加评价：每条评价一次，审核通过后展示。"""
    await reviews.follow_up(actor.number, actor.openid, number, Said(body.text, body.pictures))
    return await review(number)


@door.get("/reviews")
async def list_my_reviews(actor: Consumer, query: PageQuery) -> OwnReviewsView:
    """我的评价，最新在前。"""
    return OwnReviewsView(*await reviews_of(actor.number, None, None, query.cursor, query.limit))


@door.get("/products/<code:str>/reviews", public=True)
async def list_product_reviews(code: str, query: ProductReviewsQuery) -> ProductReviewsView:
    """商品的评分与评价，最新在前；可只看有图的。"""
    items, cursor = await product_reviews(code, query.with_pictures, query.cursor, query.limit)
    return ProductReviewsView(await rating_of(code), items, cursor)
