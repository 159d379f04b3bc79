"""Campaigns: drafted by a merchant or the county, started, paused, ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from content.models import TextState
from content.texts import Texts, texts_of
from kit.clock import Clock, utc_now
from kit.database import row, transaction
from kit.numbers import public_number
from promotions.errors import CampaignInvalid, CampaignNotMovable, CampaignTitleHeld, CampaignUnknown
from promotions.models import CAMPAIGN_TRANSITIONS, CampaignState, CouponCampaign

MAX_OFF_FEN = 100_000_000


class CampaignDraft(msgspec.Struct, frozen=True, kw_only=True):
    """The terms of a campaign, as in :class:`promotions.models.CouponCampaign`.

    Either ``off_fen``, or ``off_bp`` with ``cap_fen``. ``source_document`` says what the money and the merchants'
    consent rest on; a merchant's own campaign may leave it empty.
    """

    title: str
    threshold_fen: int
    off_fen: int
    off_bp: int
    cap_fen: int
    products: Sequence[str] | None
    quantity: int
    per_person: int
    claim_from: datetime
    claim_until: datetime
    use_from: datetime
    use_until: datetime
    merchant_bears_bp: int
    budget_fen: int
    source_document: str
    source: str | None = None


@dataclass(frozen=True)
class Campaigns:
    """Drafts and moves campaigns; ``merchant`` is None for the county. Others' campaigns do not exist."""

    clock: Clock = utc_now

    async def draft(self, merchant: str | None, draft: CampaignDraft, by: str) -> str:
        """A new campaign in draft; answers its number. Raises :class:`CampaignInvalid`.

        A merchant's title is held until a person of the county has read it (wechat reference 2.9).
        """
        _check(merchant, draft)
        now = self.clock()
        members = msgspec.structs.asdict(draft)
        members["products"] = None if draft.products is None else sorted(set(draft.products))
        members["cap_fen"] = draft.off_fen or draft.cap_fen
        async with transaction():
            made = await CouponCampaign.create(
                number=public_number(now, "G"), merchant=merchant, created_at=now, created_by=by, moved_at=now,
                moved_by=by, **members,
            )  # fmt: skip
            if merchant is not None:
                await Texts(self.clock).hold(_subject(made.number), draft.title, None)
        return made.number

    async def move(self, merchant: str | None, number: str, to: CampaignState, by: str) -> None:
        """Start, pause or end a campaign. Where it is already, nothing changes.

        Raises :class:`CampaignUnknown`, :class:`CampaignNotMovable`, :class:`CampaignTitleHeld`.
        """
        async with transaction():
            found = await row(
                "SELECT id, state FROM coupon_campaign WHERE number = $1 AND merchant IS NOT DISTINCT FROM $2"
                " FOR NO KEY UPDATE",
                number,
                merchant,
            )
            if found is None:
                raise CampaignUnknown()
            before = CampaignState(found["state"])
            if before is to:
                return
            if to not in CAMPAIGN_TRANSITIONS[before]:
                raise CampaignNotMovable(state=before.value, to=to.value)
            if to is CampaignState.RUNNING and merchant is not None:
                held = (await texts_of([_subject(number)]))[_subject(number)]
                if held.state is not TextState.PASSED:
                    raise CampaignTitleHeld(state=held.state.value)
            await CouponCampaign.filter(id=found["id"], state=before).update(
                state=to, moved_at=self.clock(), moved_by=by
            )


def _subject(campaign: str) -> str:
    return f"coupon_campaign:{campaign}"


def _check(merchant: str | None, draft: CampaignDraft) -> None:
    """Every rule that the table checks too, with the name of the member that breaks it."""
    percentage = draft.off_fen == 0
    rules = {
        "off_fen": 1 <= draft.off_fen <= MAX_OFF_FEN if not percentage else 1 <= draft.off_bp <= 9_999,
        "off_bp": percentage or draft.off_bp == 0,
        "cap_fen": 1 <= draft.cap_fen <= MAX_OFF_FEN if percentage else draft.cap_fen in (0, draft.off_fen),
        "threshold_fen": max(draft.off_fen, 0) < draft.threshold_fen <= MAX_OFF_FEN,
        "claim_until": draft.claim_until > draft.claim_from,
        "use_until": draft.use_until > draft.use_from and draft.use_until >= draft.claim_until,
        "per_person": 1 <= draft.per_person <= 20,
        "quantity": 1 <= draft.quantity <= 10_000_000,
        "budget_fen": (draft.off_fen or draft.cap_fen) * draft.quantity <= draft.budget_fen <= 10**13,
        "products": draft.products is None or 1 <= len(draft.products) <= 200,
        # A merchant cannot spend the county's money; the county needs a paper to spend any merchant's or its own.
        "merchant_bears_bp": draft.merchant_bears_bp == 10_000 if merchant else 0 <= draft.merchant_bears_bp <= 10_000,
        "source_document": merchant is not None or bool(draft.source_document.strip()),
    }
    for member, holds in rules.items():
        if not holds:
            raise CampaignInvalid(member=member)
