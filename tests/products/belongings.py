"""What merchants have in this room."""

from datetime import timedelta

from kit.clock import utc_now
from products.recognition.models import RecognitionState
from tests.doors.belongings import Owner
from tests.products.shelf import case_at, draft_of, listed_product


async def give(owner: Owner) -> None:
    """The product that the house has put on sale, an offer of it that begins tomorrow, and one for groups."""
    owner.found.by_pattern["/v1/(miniapp|console)/products/"] = {"code": owner.house.product}
    owner.found.by_pattern["/v1/console/skus/"] = {"code": owner.house.sku}
    owner.found.private["merchant_clerk"] |= {owner.house.product}
    begin = utc_now() + timedelta(days=1)
    terms = {"price_fen": 100, "pieces": 1, "starts_at": begin.isoformat(),
             "ends_at": (begin + timedelta(hours=1)).isoformat()}  # fmt: skip
    sku = owner.house.sku
    if owner.turn > 1:  # a SKU has one open offer
        _, (sku,) = await listed_product(owner.house.merchant)
    offer = await owner.ask("merchant_clerk", "POST", f"/v1/console/skus/{sku}/offers", terms)
    owner.found.by_pattern["/v1/console/offers/"] = {"number": offer["offer"]}
    owner.found.bodies["console.open_offer"] = terms
    owner.found.private["merchant_clerk"] |= {offer["offer"]}
    _, (sku,) = await listed_product(owner.house.merchant, draft_of("一起买的商品"), stock=5)
    together = {**terms, "pieces": 2, "min_buyers": 2, "form_within_s": 3600}
    group = await owner.ask("merchant_clerk", "POST", f"/v1/console/skus/{sku}/group-offers", together)
    owner.found.by_pattern["/v1/console/group-offers/"] = {"number": group["offer"]}
    owner.found.bodies["console.publish_group_offer"] = together
    owner.found.private["merchant_clerk"] |= {group["offer"]}
    product, _ = await listed_product(owner.house.merchant, draft_of("申请认定的商品"), stock=5)
    case = await case_at(product, RecognitionState.APPLIED)
    owner.found.by_pattern["/v1/console/recognition-cases/"] = {"number": case}
    owner.found.private["merchant_clerk"] |= {case}
