"""What there is besides trade: live sessions, campaigns, demonstrations, poor villages (domain reference 6.4)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

from kit.database import rows, scalar
from live.media.publishing import Publishing, PublishRequest
from live.readiness.service import Readiness
from live.service import Sessions
from live.shop.shelf import Shelf
from places.villages import PoorVillages
from poverty_alleviation.help.demonstrations import DemonstrationDraft, Demonstrations
from poverty_alleviation.help.models import DemonstrationKind
from poverty_alleviation.vault import household_rights
from promotions.campaigns import CampaignDraft, Campaigns
from promotions.models import CampaignState
from scripts.county_volumes.people import Seller
from scripts.county_volumes.plan import BY
from scripts.demo_county.area import POINTS, villages
from scripts.demo_county.demonstrations import CRITERIA
from scripts.demo_county.households import SECOND, SINCE

SESSIONS = 18
CAMPAIGNS = ("示例红糖节", "示例新茶季", "示例年货节")
"""Besides the coupon of the demo county: 4."""
HOUSEHOLDS = 23
"""Demonstration households, those of the demo county among them; its six merchants are the enterprises."""
POOR_VILLAGES, POOR_WITH_POINT = 30, 18
OCCASIONS = {
    "live_sessions": SESSIONS,
    "campaigns": len(CAMPAIGNS) + 1,
    "demonstration_enterprises": 6,
    "demonstration_households": HOUSEHOLDS,
    "poor_villages": POOR_VILLAGES,
    "poor_villages_with_point": POOR_WITH_POINT,
}
"""What there is afterwards."""

_HOSTS = (
    "SELECT a.number FROM staff_account a JOIN role_grant g ON g.staff_id = a.id WHERE g.role = 'host' ORDER BY a.login"
)
_UNNAMED = (
    "SELECT h.code FROM household h JOIN household_status s ON s.household_id = h.id AND s.status = 'registered'"
    " AND s.valid_until IS NULL WHERE NOT EXISTS (SELECT 1 FROM demonstration d WHERE d.named = h.code) ORDER BY 1"
)


@dataclass(frozen=True)
class Occasions:
    """The services through which they are entered, and the present."""

    services: dict[type, Any]
    now: datetime

    async def enter(self, sellers: Sequence[Seller]) -> None:
        """All of them."""
        hosts = [each["number"] for each in await rows(_HOSTS)]
        for serial in range(SESSIONS):
            await self._broadcast(hosts[serial % len(hosts)], sellers[serial], serial)
        for serial, title in enumerate(CAMPAIGNS):
            await self._campaign(title, serial)
        await self._demonstrations()
        await self._poor_villages()

    async def _broadcast(self, host: str, seller: Seller, serial: int) -> None:
        """Three quarters of an hour on air, one product explained; its pictures are not kept."""
        begun = self.now - timedelta(days=20 * (SESSIONS - serial))
        moment = begun - timedelta(minutes=30)
        sessions: Sessions = replace(self.services[Sessions], clock=lambda: moment)
        publishing: Publishing = replace(self.services[Publishing], clock=lambda: moment)
        shelf: Shelf = replace(self.services[Shelf], clock=lambda: moment)
        readiness: Readiness = replace(self.services[Readiness], clock=lambda: moment)
        session = await sessions.schedule(host, seller.merchant, f"示例直播第{serial + 1:02d}场", begun)
        await shelf.put(session.number, host, seller.sku)
        await readiness.declare(session.number, host)
        await readiness.sign_off(session.number, [seller.sku], BY)
        await readiness.clear(session.number, host)
        address = await publishing.issue_address(session.number, host)
        moment = begun
        said = {name: values[0] for name, values in parse_qs(address.key.partition("?")[2]).items()}
        await publishing.admit(
            PublishRequest(session.stream, "demo", "127.0.0.1", "demo", said["e"], said["n"], said["s"])
        )
        moment = begun + timedelta(minutes=10)
        await shelf.pin(session.number, host, seller.sku)
        moment = begun + timedelta(minutes=45)
        await sessions.end(session.number, host)

    async def _campaign(self, title: str, serial: int) -> None:
        """Ten days of a coupon of the county's, long over."""
        begun = self.now - timedelta(days=90 * (serial + 1))
        campaigns: Campaigns = replace(self.services[Campaigns], clock=lambda: begun)
        until = begun + timedelta(days=10)
        draft = CampaignDraft(
            title=f"{title} 满 60 减 6", threshold_fen=6_000, off_fen=600, off_bp=0, cap_fen=0, products=None,
            quantity=300, per_person=1, claim_from=begun, claim_until=until, use_from=begun, use_until=until,
            merchant_bears_bp=0, budget_fen=180_000, source_document=f"DEMO-营销活动-{serial + 1}",
        )  # fmt: skip
        number = await campaigns.draft(None, draft, BY)
        for state in (CampaignState.RUNNING, CampaignState.ENDED):
            await campaigns.move(None, number, state, BY)

    async def _demonstrations(self) -> None:
        register: Demonstrations = self.services[Demonstrations]
        kind = DemonstrationKind.HOUSEHOLD
        async with household_rights():
            named = await scalar("SELECT count(*) FROM demonstration WHERE kind = $1", str(kind))
            unnamed = [each["code"] for each in await rows(f"{_UNNAMED} LIMIT $1", HOUSEHOLDS - named)]
        for serial, code in enumerate(unnamed, 1):
            draft = DemonstrationDraft(
                kind=kind, named=code, criteria=CRITERIA[kind], document=f"DEMO-示范-V{serial:02d}", valid_from=SINCE
            )
            await register.decide(await register.propose(draft, BY), SECOND, "DEMO-审核", is_approved=True)

    async def _poor_villages(self) -> None:
        """Flagged as in 2014: those with a point come first in the list of villages."""
        codes = list(villages())
        flagged = codes[:POOR_WITH_POINT] + codes[POINTS : POINTS + POOR_VILLAGES - POOR_WITH_POINT]
        for serial, code in enumerate(flagged, 1):
            await PoorVillages().flag(code, SINCE, f"DEMO-贫困村名单-{serial:02d}", BY)
