"""``python -m scripts.demo_county``: fill an empty, migrated database with the demo county.

Prints one JSON document: the demo accounts with their passwords, what the story needs to know, and how much
there is of what. On a database that is not empty it changes nothing and prints the counts alone.
"""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import msgspec

from accounts.service import AccessLogs
from accounts.staff import StaffAccounts
from content.texts import Texts
from kit.database import execute, row, single_runner
from kit.encryption import FieldCipher
from live.roster.service import Roster
from logistics.templates import FreightTemplates
from merchants.papers import Papers
from merchants.service import Merchants
from messages.outgoing import Outgoing
from places.service import Places
from poverty_alleviation.contracts import Contracts
from poverty_alleviation.households import Households
from poverty_alleviation.proofs import Proofs as HouseholdProofs
from poverty_alleviation.stories.service import Stories
from poverty_alleviation.vault import household_rights
from products.calendars import Calendars
from products.categories import Categories
from products.certificates import Certificates
from products.dossiers import product_dossier
from products.knives import Knives
from products.marks import Marks
from products.service import Catalogue, SalePolicies
from products.stock import Stock
from promotions.campaigns import Campaigns
from scripts.demo_county.area import enter_area
from scripts.demo_county.demonstrations import name_demonstrations
from scripts.demo_county.goods import BY, GOODS, STORY, Trade, enter_goods, enter_merchants, enter_policies
from scripts.demo_county.help import enter_help, enter_work
from scripts.demo_county.households import agree_reserves, conclude_contracts, enter_farmers
from scripts.demo_county.office_numbers import enter_office_numbers
from scripts.demo_county.people import CONSUMERS, enter_staff
from scripts.demo_county.presenters import enter_hosts, enter_studios
from scripts.demo_county.recognitions import enter_recognitions
from scripts.demo_county.register import enter_register
from scripts.demo_county.shopfront import FREIGHT, Shopfront
from scripts.demo_county.stories import DemoStories
from scripts.demo_county.templates import enter_templates
from scripts.demo_county.trail import Goods, Trail
from scripts.demo_county.tree import Proofs
from server.bootstrap import Bootstrap, bootstrap
from server.database import connected
from server.settings import SettingsInvalid, load_settings
from traceability.service import Suppliers

_COUNTS = """
SELECT (SELECT count(*) FROM division) AS divisions, (SELECT count(*) FROM site) AS sites,
       (SELECT count(*) FROM merchant) AS merchants, (SELECT count(*) FROM product) AS products,
       (SELECT count(*) FROM sku) AS skus, (SELECT count(*) FROM staff_account) AS staff,
       (SELECT count(*) FROM supplier) AS suppliers, (SELECT count(*) FROM household) AS households
"""


@dataclass(frozen=True)
class Services:
    """The services through which the county is entered."""

    places: Places
    trade: Trade
    shopfront: Shopfront
    staff: StaffAccounts
    suppliers: Suppliers
    households: Households
    contracts: Contracts
    trail: Trail
    stories: DemoStories
    roster: Roster
    outgoing: Outgoing


async def counts() -> dict[str, int]:
    """How much there is of what."""
    async with household_rights():
        return dict(await row(_COUNTS) or {})


async def seed(services: Services) -> dict[str, Any]:
    """Everything or, when anything goes wrong or anything is there already, nothing; answers the document."""
    empty = not any((await counts()).values())
    pictures = await services.shopfront.take_pictures() if empty else []
    papers = await services.stories.take_papers() if empty else []
    async with single_runner("demo_county") as alone:
        if not alone or any((await counts()).values()):
            return {"seeded": False, "counts": await counts()}
        await enter_area(services.places)
        await enter_policies(services.trade)
        merchants = await enter_merchants(services.trade)
        charging = {merchants[good.merchant] for good in GOODS if good.category == "fruit"}
        freight = {merchant: await services.shopfront.templates.make(merchant, FREIGHT, BY) for merchant in charging}
        products = await enter_goods(services.trade, merchants, pictures, freight)
        titles = [good.title for good in (*GOODS, STORY)]
        await services.shopfront.promote(dict(zip(titles, products, strict=True)))
        await enter_office_numbers((*GOODS, STORY), dict(zip(titles, products, strict=True)))
        staff = await enter_staff(services.staff, merchants)
        await enter_studios()
        await enter_hosts(services.roster)
        await enter_templates(services.outgoing)
        farmers = await enter_farmers(services.suppliers, services.households)
        await enter_register(services.households, farmers)
        await conclude_contracts(services.contracts, merchants, farmers)
        await agree_reserves(merchants)
        await name_demonstrations(merchants, farmers)
        # All is one transaction here, and what wages are divided by is noted before them all the same (decision 0051).
        await execute("SET CONSTRAINTS ALL IMMEDIATE")
        await execute("SET CONSTRAINTS ALL DEFERRED")
        await enter_help(services.households, farmers)
        await enter_work(services.households, farmers, merchants[1])
        marks = {
            code: mark for good, code in zip((*GOODS, STORY), products, strict=True) if (mark := good.marks.strip("B"))
        }
        await enter_recognitions(services.trade.marks, marks)
        await services.trail.enter(*_followed(merchants, dict(zip(titles, products, strict=True))), farmers)
        await services.stories.enter(dict(zip(titles, products, strict=True)), farmers, papers)
        story = await product_dossier(products[-1])
        near = [asdict(farmer) for farmer in farmers if farmer.township == story.township]
        return {
            "seeded": True,
            "staff": staff,
            "consumers": list(CONSUMERS),
            "story": {
                "product": story.code,
                "sku": story.skus[0].code,
                "merchant": story.merchant,
                "township": story.township,
                "suppliers": near,
            },
            "counts": await counts(),
        }


def _followed(merchants: Sequence[str], products: Mapping[str, str]) -> tuple[Goods, Goods, Goods]:
    """Mushrooms, lemons and sugar, each from the township where its farmers live."""
    return (
        Goods(merchants[1], products["桑枝木耳 250 g"], "mulberry", "533124102"),
        Goods(merchants[5], products["柠檬 2.5 kg"], "lemon", "533124104"),
        Goods(merchants[0], products["古法红糖"], "cane", "533124103"),
    )


async def run() -> dict[str, Any]:
    """Seed the database that the settings name."""
    settings = load_settings()
    async with connected(settings):
        built = bootstrap(settings)
        try:
            return await seed(services_of(built))
        finally:
            await built.stop()


def services_of(booted: Bootstrap) -> Services:
    """The services of a composition through which a county is entered."""
    built: dict[type, Any] = dict(booted.services)
    return Services(
        places=Places(),
        trade=Trade(
            built[Merchants],
            built[SalePolicies],
            built[Catalogue],
            built[Marks],
            built[Stock],
            built[Calendars],
            Proofs(built[Categories], built[Papers], built[Certificates], built[Knives]),
        ),
        shopfront=Shopfront(booted.pictures, built[FreightTemplates], built[Campaigns], booted.mall.offers),
        staff=built[StaffAccounts],
        suppliers=Suppliers(),
        households=Households(built[FieldCipher], built[AccessLogs]),
        contracts=Contracts(),
        trail=Trail(built[FieldCipher]),
        roster=built[Roster],
        outgoing=booted.outgoing,
        stories=DemoStories(built[Stories], built[Texts], built[HouseholdProofs].files),
    )


def main() -> None:
    """The command line; the JSON document is the only thing on the standard output."""
    try:
        document = asyncio.run(run())
    except SettingsInvalid as reasons:
        sys.exit(str(reasons))
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n")


if __name__ == "__main__":
    main()
