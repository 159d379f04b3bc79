"""The demo county is complete, synthetic, and made once."""

import json
import re
from collections import Counter
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest

from accounts.roles import Role
from accounts.service import AccessLogs, Sessions
from accounts.staff import StaffAccounts, StaffLogin
from content.evidence.service import EvidenceFiles
from content.pictures import Pictures
from content.stories.service import PublicStories
from content.texts import Texts
from county.alarms import all_alarms
from integrations.object_storage.folder import FolderStorage
from kit.clock import china_day, utc_now
from kit.database import rows, scalar
from kit.gs1 import gtin_holds
from live.roster.service import Roster
from live.studios.queries import studio_cards
from logistics.templates import FreightTemplates
from merchants.papers import Papers
from merchants.service import Merchants
from messages.outgoing import Outgoing
from places.queries import townships
from places.service import Places
from poverty_alleviation.contract_cards import contract_cards
from poverty_alleviation.contracts import Contracts
from poverty_alleviation.help.demonstrations import demonstration_counts
from poverty_alleviation.help.needs import needs
from poverty_alleviation.help.workshops import workshops
from poverty_alleviation.households import Households
from poverty_alleviation.income.cards import income_sheets
from poverty_alleviation.models import CHAIN_ROLES
from poverty_alleviation.office.recognised import recognition_dossier
from poverty_alleviation.office.thresholds import lines_of
from poverty_alleviation.reconciliation import reconciliation
from poverty_alleviation.statements.quarters import quarter_span
from poverty_alleviation.stories.service import Stories
from poverty_alleviation.vault import household_rights
from products.calendars import Calendars, calendar_differences
from products.categories import Categories
from products.certificates import Certificates
from products.knives import Knives
from products.listing import Wanted, product_cards
from products.mark_queries import recognitions
from products.marks import Marks
from products.offers import Offers
from products.queries import product_page, sku_offers, stock_differences
from products.recognition.models import RecognitionStep
from products.recognition.queries import recognition_cases
from products.service import Catalogue, SalePolicies
from products.stock import Stock
from promotions.campaigns import Campaigns
from scripts.demo_county.__main__ import Services, seed
from scripts.demo_county.goods import Trade
from scripts.demo_county.households import identity_number
from scripts.demo_county.payees import PAYEES
from scripts.demo_county.people import CONSUMERS
from scripts.demo_county.shopfront import Shopfront
from scripts.demo_county.stories import DemoStories
from scripts.demo_county.trail import Trail
from scripts.demo_county.tree import Proofs
from scripts.wechat_sandbox.world import DEMO_PEOPLE
from tests.accounts.people import quick_passwords, throwaway_cipher
from tests.conftest import Databases, written_once
from tests.emptied import Lender, Rows
from tests.poverty_alleviation.rebuilt import unlike
from tests.superuser import as_superuser
from traceability.conformity.queries import conformity_certificates
from traceability.plots.queries import plots, yields_above_norm
from traceability.quality.queries import inspections
from traceability.queries import lots
from traceability.service import Suppliers
from traceability.storage.queries import placements, sensor_episodes

pytestmark = pytest.mark.asyncio


def services() -> Services:
    return Services(
        places=Places(),
        trade=Trade(
            Merchants(),
            SalePolicies(),
            Catalogue(),
            Marks(),
            Stock(),
            Calendars(),
            Proofs(Categories(), Papers(), Certificates(), Knives()),
        ),
        shopfront=Shopfront(
            Pictures(FolderStorage(Path(mkdtemp())), "/pictures"), FreightTemplates(), Campaigns(), Offers()
        ),
        staff=StaffAccounts(quick_passwords()),
        suppliers=Suppliers(),
        households=Households(throwaway_cipher(), AccessLogs()),
        contracts=Contracts(),
        trail=Trail(throwaway_cipher()),
        stories=DemoStories(
            Stories(PublicStories(Texts()), throwaway_cipher()),
            Texts(),
            EvidenceFiles(FolderStorage(Path(mkdtemp())), throwaway_cipher()),
        ),
        roster=Roster(throwaway_cipher()),
        outgoing=Outgoing(None),  # type: ignore[arg-type]  # sends nothing here
    )


@pytest.fixture(scope="module")
def seeded(databases: Databases, lender: Lender) -> tuple[dict[str, Any], Rows]:
    """What the seed answers, and everything that it has written."""
    return written_once(databases, lender, lambda: seed(services()))


@pytest.fixture
def document(seeded: tuple[dict[str, Any], Rows], database: str, lender: Lender) -> dict[str, Any]:
    """What the seed has answered; the county stands in the database of this test."""
    answer, kept = seeded
    lender.put(kept)
    return deepcopy(answer)


async def test_wechat_knows_the_merchants_and_the_consumers_of_the_county(document: dict[str, Any]) -> None:
    merchants = {found["name"]: found["sub_mchid"] for found in await rows("SELECT name, sub_mchid FROM merchant")}
    assert merchants == PAYEES
    assert tuple(openid for openid, _, _ in DEMO_PEOPLE) == CONSUMERS
    assert len({phone for _, _, phone in DEMO_PEOPLE}) == len(CONSUMERS)


async def test_the_county_is_complete_and_made_once(document: dict[str, Any]) -> None:
    document = json.loads(json.dumps(document))
    assert document["seeded"] is True
    assert document["counts"] == {
        "divisions": 80, "sites": 102, "merchants": 6, "products": 23, "skus": 27, "staff": 17,
        "suppliers": 24, "households": 16,
    }  # fmt: skip
    again = await seed(services())
    assert again == {"seeded": False, "counts": document["counts"]}
    assert len(await townships()) == 10
    assert len(await studio_cards()) == 2
    assert len(document["consumers"]) == 12
    assert await stock_differences() == []
    assert sorted(r["sub_mchid"] for r in await rows("SELECT sub_mchid FROM merchant")) == [
        f"19000000{n:02d}" for n in range(1, 7)
    ]


async def test_its_books_follow_from_what_was_noted(
    databases: Databases, document: dict[str, Any], tmp_path: Path
) -> None:
    """Wages stand in one transaction with the register. Fails when what they follow from is noted at its end: tried."""
    assert await unlike(databases, tmp_path) == []


async def test_the_clean_county_raises_no_alarm(document: dict[str, Any]) -> None:
    assert await all_alarms().look() == 0
    assert {line.is_verified for line in await lines_of(None)} == {False}


async def test_every_account_opens_a_session_in_its_role(document: dict[str, Any]) -> None:
    login = StaffLogin(quick_passwords(), Sessions())
    assert {account["role"] for account in document["staff"]} == {role.value for role in Role}
    for account in document["staff"]:
        begun = await login.log_in(account["login"], account["password"], "192.0.2.1")
        assert begun.role.value == account["role"]
        assert begun.scope == account.get("merchant", account.get("township", ""))
    dump = await scalar("SELECT string_agg(s::text, '') FROM staff_account s")
    assert not any(account["password"] in dump for account in document["staff"])


async def test_the_storys_product_is_the_newest_with_forty_pieces_and_short_windows(document: dict[str, Any]) -> None:
    story = document["story"]
    cards, _ = await product_cards(limit=100)
    assert (cards[0].code, len(cards)) == (story["product"], 23)
    assert all(card.image.startswith("/pictures/") for card in cards)
    page = await product_page(story["product"])
    assert page.marks == ["public_brand", "poverty_product"]
    offer = (await sku_offers([story["sku"]]))[story["sku"]]
    assert (offer.available, offer.unit_price_fen, offer.host_commission_bp) == (40, 3990, 800)
    assert (offer.payment_window_s, offer.after_sales_window_s) == (60, 12)
    registered = [farmer["registered"] for farmer in story["suppliers"]]
    assert registered[:3] == [True, True, False]
    keeper = await scalar(
        "SELECT count(*) FROM role_grant WHERE role = 'station_keeper' AND scope = $1", story["township"]
    )
    assert keeper == 1


async def test_its_stories_are_agreed_to_and_name_nobody_whole_who_has_not_said_so(document: dict[str, Any]) -> None:
    told = (await product_page(await scalar("SELECT code FROM product WHERE title = '古法红糖'"))).story
    assert told is not None
    assert told.names == ["示例某"]
    found = await rows("SELECT names::text AS names, state FROM public_story ORDER BY id")
    assert [each["state"] for each in found] == ["shown", "shown"]
    assert "示例农户" in found[1]["names"]


async def test_marked_products_meet_the_plan(document: dict[str, Any]) -> None:
    """T15: one public brand, five poverty products or more."""
    recognised, _ = await product_cards(limit=100, wanted=Wanted(mark="poverty_product"))
    branded, _ = await product_cards(limit=100, wanted=Wanted(mark="public_brand"))
    assert len(recognised) >= 5
    assert 0 < len(branded) < 23
    assert await scalar("SELECT count(*) FROM public_brand") == 1


async def test_nights_and_visits_can_be_booked_and_lists_say_so(document: dict[str, Any]) -> None:
    cards, _ = await product_cards(wanted=Wanted(category="travel", in_stock=True))
    assert {card.title: card.price_from_fen for card in cards} == {"景颇民宿 1 晚": 16800, "目瑙纵歌文化园门票": 6000}
    for card in cards:
        (sku,) = (await product_page(card.code)).skus
        assert sku.calendar is not None
        assert (len(sku.calendar.days), sku.price_fen) == (31, card.price_from_fen)
        assert sku.available == card.available > 90
    assert await calendar_differences() == []


async def test_people_and_papers_are_marked_as_made_up(document: dict[str, Any]) -> None:
    for table, column in (
        ("merchant", "name"),
        ("staff_account", "name"),
        ("supplier", "name"),
        ("household", "code"),
    ):
        async with household_rights():
            names = [r["value"] for r in await rows(f"SELECT {column} AS value FROM {table}")]
        assert names
        assert all("示例" in name for name in names), names
    async with household_rights():
        papers = await rows(
            "SELECT document FROM brand_authorisation UNION SELECT document FROM recognised_product"
            " UNION SELECT licence_number FROM merchant UNION SELECT document FROM household_status"
            " UNION SELECT document FROM supplier_link UNION SELECT document FROM benefit_contract"
        )
        dump = await scalar("SELECT string_agg(h::text, '') FROM household h")
    assert all(r["document"].startswith("DEMO-") for r in papers)
    assert "示例户主" not in dump
    assert "99999919700101" not in dump


async def test_identity_numbers_have_a_valid_check_digit() -> None:
    assert [identity_number(n) for n in (1, 2, 3)] == [
        "999999197001010017",
        "999999197001010025",
        "999999197001010033",
    ]
    assert all(re.fullmatch(r"999999\d{11}[\dX]", identity_number(n)) for n in range(1, 25))


async def test_gtins_are_of_the_prefix_for_examples_and_not_everybody_has_one(document: dict[str, Any]) -> None:
    gtins = [found["gtin"] for found in await rows("SELECT gtin FROM sku")]
    borne = [gtin for gtin in gtins if gtin is not None]
    assert 0 < len(borne) < len(gtins)
    assert len(set(borne)) == len(borne)
    assert all(gtin.startswith("0952") and gtin_holds(gtin) for gtin in borne)


async def test_every_household_has_one_head_and_one_account_of_its_own(document: dict[str, Any]) -> None:
    async with household_rights():
        heads = await scalar("SELECT count(DISTINCT household_id) FROM household_member WHERE relation = 'head'")
        held = await scalar(
            "SELECT count(*) FROM household_account a JOIN household_member m ON m.code = a.member"
            " AND m.household_id = a.household_id AND m.relation = a.holder_relation"
        )
        counted = [await scalar(f"SELECT count(*) FROM {table}") for table in ("household_year", "household_income")]
        assert (heads, held, counted) == (16, 16, [16, 16])
        assert await scalar("SELECT count(*) FROM household_member WHERE is_minor") == 4
        villages = "SELECT count(*) FROM household h JOIN division d ON d.code = h.village AND d.parent_id = h.township"
        assert await scalar(villages) == 16


async def test_goods_can_be_followed_from_plot_to_label(document: dict[str, Any]) -> None:
    """Plots, certified and inspected lots, a run, and a cold room that was out of range before the lot came in."""
    now = datetime.now(UTC)
    found, _ = await plots(None, None, None, None, 100)
    assert {plot.crop for plot in found} == {"mulberry", "lemon", "cane"}
    assert await yields_above_norm(now.year) == await yields_above_norm(now.year - 1) == []
    papers, _ = await conformity_certificates(None, None, None, 9)
    assert {paper.product_name for paper in papers} == {"桑枝木耳 250 g", "柠檬 2.5 kg"}
    ((inspected,), _) = await inspections(None, None, 9)
    assert (inspected.state, inspected.report) == ("passed", "DEMO-JC-1")
    (stood,) = await placements(None, inspected.lot)
    assert (stood.lowest_celsius_milli, stood.highest_celsius_milli) == (2_300, 3_300)
    ((episode,), _) = await sensor_episodes(None, False, None, 9)
    assert (episode.highest_milli, episode.lots) == (7_200, [])
    made = [lot for lot in (await lots(None, None, None, 9))[0] if lot.kind == "processed"]
    assert [(lot.input_gram, lot.suppliers) for lot in made] == [(59_000, 4)]


async def test_every_registered_household_is_helped_and_some_are_paid_for_work(document: dict[str, Any]) -> None:
    """Who works where is few in the second workshop and kept back there; what was asked for stands in every state."""
    async with household_rights():
        helped = await scalar("SELECT count(DISTINCT household_id) FROM help_span WHERE valid_until IS NULL")
        measured = await scalar("SELECT count(DISTINCT household_id) FROM help_measure WHERE funds_fen > 0")
    assert (helped, measured) == (12, 12)
    asked, _ = await needs(None, None, None, 100, with_words=True)
    assert Counter(need.state for need in asked) == {"raised": 4, "answered": 4, "met": 4}
    today = china_day(utc_now())
    quarter = f"{today.year}-Q{(today.month + 2) // 3}"
    found, _ = await workshops(quarter, today, None, 9)
    assert {(each.registered_workers, each.wages_paid_fen) for each in found} == {(3, None), (None, None)}, "it goes on"
    assert (await reconciliation()).is_exact
    ((sheet,), _) = await income_sheets(None, None, None, 9)
    assert (sheet.kind, sheet.state, sheet.total_fen) == ("wage", "approved", 921_000)
    first, after = quarter_span(quarter)
    await as_superuser(
        "SET session_replication_role = replica",
        "INSERT INTO ledger_period (period, state, round, root, closed_at) SELECT to_char(month, 'YYYY-MM'), 'closed',"
        f" 1, 'root', now() FROM generate_series('{first}'::date, '{after}'::date - 1, '1 month') AS month"
        " ON CONFLICT (period) DO UPDATE SET state = 'closed', root = 'root', closed_at = now()",
    )
    found, _ = await workshops(quarter, after, None, 9)
    assert {(each.registered_workers, each.wages_paid_fen) for each in found} == {(3, 456_000), (None, None)}


async def test_recognised_products_have_papers_and_the_registers_word(document: dict[str, Any]) -> None:
    found, _ = await recognitions(None, None, 100)
    assert len(found) == 7
    assert all(each.entry is not None and each.case_state == "recommended" for each in found)
    assert {paper.step for each in found for paper in each.papers} == set(RecognitionStep)
    cases, _ = await recognition_cases(None, None, None, None, 100)
    assert Counter(case.state for case in cases) == {
        "recommended": 7, "on_notice": 1, "objected": 1, "township_reviewed": 1,
    }  # fmt: skip
    empty = await recognition_dossier(found[0].number, None, None, china_day(utc_now()))
    assert (empty.carried, len(empty.contracts)) == (0, 1)


async def test_enterprises_and_households_are_demonstrations_and_promise_in_both_chains(
    document: dict[str, Any],
) -> None:
    """K14 wants five enterprises or more; every merchant of the county has one contract that holds, in its chain."""
    assert await demonstration_counts(china_day(utc_now())) == {"enterprise": 6, "household": 12}
    contracts = await contract_cards()
    assert len({contract.merchant for contract in contracts}) == 6
    assert {contract.state for contract in contracts} == {"approved"}
    assert {contract.template for contract in contracts} == set(CHAIN_ROLES)
    assert all(len(contract.parties["household"]) == 12 for contract in contracts)
    ways = {(rule.mechanism, rule.is_direct, rule.state) for contract in contracts for rule in contract.rules}
    assert ways == {("consignment", True, "approved"), ("return", False, "approved")}
