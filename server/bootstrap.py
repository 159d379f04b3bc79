"""Settings -> adapters -> services, built once. The one place where a port meets its adapter."""

from dataclasses import dataclass, field
from datetime import timedelta

import httpx
from redis.asyncio import Redis

from accounts.clerks import Clerks
from accounts.closures import Closures
from accounts.consents import Consents, LegalDocuments
from accounts.exports import Exports
from accounts.passwords import Passwords
from accounts.service import AccessLogs, ConsumerLogin, Sessions
from accounts.staff import StaffAccounts, StaffLogin
from api_kit.answer_cache import AnswerCache
from api_kit.workbooks import SheetFiles
from console_api.channels.endpoints import ChannelDesk
from content.checking import Checks
from content.evidence.resealing import EvidenceResealing
from content.evidence.service import EvidenceFiles, EvidenceLimits
from content.pictures import Pictures
from content.ports import ObjectStorage
from content.stories.service import PublicStories
from content.stories.words import WORDS
from content.texts import Texts
from county.alarms import all_alarms
from county.complaints.channel import ComplaintChannel
from county.complaints.pictures import ComplaintPictures
from county.complaints.service import Complaints
from county.complaints.service_entry import ServiceEntries
from county.disclosure.service import Disclosure
from county.funds.service import Funds
from county.hosts.retention import HostRetention
from county.meetings.service import Meetings
from county.training.classes import TrainingClasses
from county.training.incubation import Incubation
from county.training.papers import ClassPapers
from county.training.persons import Persons
from county.training.retention import PersonRetention
from county.training.staff import SiteStaff
from epcis.captures import Captures
from epcis.declarations import Declarations
from epcis.records import OwnEvents
from integrations.anchor_signing.ed25519 import Ed25519Signer
from integrations.clamav.scanner import ClamAvScanner
from integrations.redis.sold_out import RedisSoldOutSigns
from integrations.wechat.content_checks import WeChatContentChecks
from integrations.wechat.login import MiniProgramClient
from integrations.wechat.receipts import WeChatOrderStates
from integrations.wechat.shipping import WeChatShipping
from integrations.wechat.subscribe import WeChatSubscribeSender
from integrations.wechat_pay.complaints import WeChatPayComplaints
from integrations.wechat_pay.gateway import WeChatPayGateway
from kit.encryption import FieldCipher
from kit.file_scanning import FileScanner
from kit.idempotency import BodyMarks
from ledger.anchors import Anchors
from ledger.periods import Periods
from ledger.service import Journals, Sealer
from live.roster.consents import ConsentFiles
from live.roster.service import Roster
from logistics.addresses import AddressBook
from logistics.carriers import Carriers
from logistics.labels import LabelCancellations
from logistics.parcels import Parcels
from logistics.reports import Reporter, ShippingReports
from logistics.templates import FreightTemplates
from logistics.tracking import Tracking
from merchants.applications import Applications, LegalPersons
from merchants.commissions import CommissionDesk
from merchants.papers import Papers
from merchants.service import Merchants
from messages.inbox import Inbox
from messages.outgoing import Outgoing
from miniapp_api.orders.turnstile import OrderTurnstile
from notifications.service import Notifications
from orders.after_sales import AfterSales
from orders.carts import Carts
from orders.cases.desk import OrderDesks
from orders.channels.refunds import ChannelRefunds
from orders.channels.sales import ChannelSales
from orders.channels.settlements import ChannelSettlements
from orders.checkout import Checkout
from orders.commissions import Commissions
from orders.fulfilment import Fulfilment
from orders.groups.service import Groups
from orders.invoices.files import InvoiceFiles
from orders.invoices.service import Invoices
from orders.labels import Labels, LostLabels
from orders.life import OrderLife
from orders.parcels import Shipping
from orders.pickups import Pickups
from orders.presales import Presales
from orders.readdressing import Readdressing
from orders.receipts import Receipts
from orders.shortages import Shortages
from orders.strays import Strays
from orders.trades import Trades
from orders.vouchers import Vouchers
from orders.waves.service import PackingWaves
from payments.bills import Bills
from payments.differences import Differences
from payments.fund_bills import FundBills
from payments.notices import Notices
from payments.queries import PaymentQueries
from payments.refunds import Refunds
from payments.service import Payments
from payments.sharing.returns import Returns
from payments.sharing.service import Sharing
from places.villages import PoorVillages
from poverty_alleviation.certificate_paper import MonthCertificates
from poverty_alleviation.confirming.confirmations import StatementConfirmations
from poverty_alleviation.confirming.disputes import Disputes
from poverty_alleviation.confirming.own_disputes import OwnDisputes
from poverty_alleviation.confirming.sheets import StatementSheets
from poverty_alleviation.contracts import Contracts
from poverty_alleviation.corrections.service import Corrections
from poverty_alleviation.exports.making import ExportMaking
from poverty_alleviation.exports.service import OfficeExports
from poverty_alleviation.exports.templates import ExportTemplates
from poverty_alleviation.help.demonstrations import Demonstrations
from poverty_alleviation.help.measures import Measures
from poverty_alleviation.help.needs import Needs
from poverty_alleviation.help.responsible import Helpers
from poverty_alleviation.help.visits import Visits
from poverty_alleviation.help.workshops import Workshops
from poverty_alleviation.households import Households
from poverty_alleviation.income.agreements import Agreements
from poverty_alleviation.income.sheets import IncomeSheets
from poverty_alleviation.lineage.service import HouseholdChanges
from poverty_alleviation.matching.service import MatchProposals, SupplierIdentities
from poverty_alleviation.month_close import MonthClose
from poverty_alleviation.office.thresholds import OfficeRules
from poverty_alleviation.payout_runs.results import BankResults
from poverty_alleviation.payout_runs.service import PayoutRuns
from poverty_alleviation.payouts import Payouts
from poverty_alleviation.proofs import Proofs
from poverty_alleviation.register.accounts import BankAccounts
from poverty_alleviation.register.imports import RegisterImports
from poverty_alleviation.register.incomes import Incomes
from poverty_alleviation.register.labels import RegisterLabels
from poverty_alleviation.register.members import Members
from poverty_alleviation.register.wallets import Wallets
from poverty_alleviation.register.years import Years
from poverty_alleviation.reserves.clawbacks import Clawbacks
from poverty_alleviation.reserves.terms import Reserves
from poverty_alleviation.retention.erasing import Erasing
from poverty_alleviation.retention.service import Retention
from poverty_alleviation.sales import SalesBooks
from poverty_alleviation.shares.service import AssistedShares
from poverty_alleviation.statements.service import HouseholdStatements
from poverty_alleviation.stories.service import Stories
from poverty_alleviation.transfers.service import Transfers
from products.calendars import Calendars
from products.categories import Categories
from products.certificates import Certificates
from products.group_offers import GroupOffers
from products.imports import Imports
from products.knives import Knives
from products.marks import Marks
from products.offers import Offers
from products.recognition.service import Recognitions
from products.service import Catalogue, SalePolicies
from products.stock import Stock
from promotions.campaigns import Campaigns
from promotions.coupons import Coupons
from referrals.service import ReferralTokens, Referrers
from referrals.shares import ReferralShares
from referrals.terms import Programme
from reviews.service import Reviews
from scans.labels import TraceLabels
from scans.service import ScanCodes, ScanPages, ScanTokens
from server import adapters
from server.field_keys import check_field_keys
from server.live_centre import LiveCentre, live_centre
from server.own_records import parts_of
from server.resealing import Resealing
from server.settings import Settings
from server.tallies import Tallies
from settlements.entries import SettlementEntries
from settlements.statements import Statements
from traceability.conformity.service import Conformity
from traceability.lots import Lots
from traceability.plots.service import Plots
from traceability.processing.service import Processing
from traceability.quality.holds import Holds
from traceability.quality.inspections import Inspections
from traceability.quality.recalls import Recalls
from traceability.receipts import IntakeReceipts
from traceability.service import Intakes, Suppliers
from traceability.storage.readings import SensorReadings
from traceability.storage.rooms import ColdRooms
from webhook_api.wechat.push import MessagePush


@dataclass
class Bootstrap:
    """Everything one process needs. ``services`` is what endpoints may ask for, by type."""

    settings: Settings
    http: httpx.AsyncClient
    redis: "Redis"
    sessions: Sessions
    papers: Papers
    payments: Payments
    refunds: Refunds
    sharing: Sharing
    returns: Returns
    commissions: Commissions
    presales: Presales
    strays: Strays
    bills: Bills
    fund_bills: FundBills
    differences: Differences
    order_life: OrderLife
    after_sales: AfterSales
    coupons: Coupons
    referral_shares: ReferralShares
    receipts: Receipts
    offers: Offers
    groups: Groups
    pickups: Pickups
    vouchers: Vouchers
    live: LiveCentre
    sealer: Sealer
    anchors: Anchors
    sales_books: SalesBooks
    shipping: Shipping
    shortages: Shortages
    shipping_reports: ShippingReports
    reporter: Reporter
    tracking: Tracking
    label_cancellations: LabelCancellations
    labels: Labels
    lost_labels: LostLabels
    settlement_entries: SettlementEntries
    own_events: OwnEvents
    complaint_channel: ComplaintChannel
    complaint_pictures: ComplaintPictures
    transfers: Transfers
    statements: Statements
    tallies: Tallies
    storage: ObjectStorage
    pictures: Pictures
    checks: Checks
    outgoing: Outgoing
    notifications: Notifications
    reviews: Reviews
    closures: Closures
    resealing: Resealing
    export_making: ExportMaking
    matches: MatchProposals
    erasing: Erasing
    person_retention: PersonRetention
    host_retention: HostRetention
    services: dict[type, object] = field(default_factory=dict)

    async def start(self) -> None:
        """Hold the ring of keys against the database; clients connect when they are first used.

        Raises SettingsInvalid.
        """
        await check_field_keys(self.resealing.ring, self.settings.field_keys)

    async def stop(self) -> None:
        """End the feeds and close the clients of this process."""
        await self.live.feed_hub.stop()
        await self.http.aclose()
        await self.redis.aclose()


def bootstrap(settings: Settings) -> Bootstrap:
    """Build the system. Raises for keys that cannot be read; opens no connection."""
    http = httpx.AsyncClient(trust_env=False, limits=httpx.Limits(max_connections=50, max_keepalive_connections=20))
    redis: Redis = Redis.from_url(settings.redis_url, socket_timeout=5, socket_connect_timeout=2)
    cipher = adapters.key_ring(settings)
    wechat = MiniProgramClient(
        settings.wechat.appid, settings.wechat.secret, settings.wechat.api_base.rstrip("/"), http, redis
    )
    gateway = WeChatPayGateway(adapters.wechat_pay(settings), http)
    passwords = Passwords()
    access_logs = AccessLogs(views_per_hour=settings.views_per_hour)
    complaints = Complaints(cipher, Catalogue())
    sessions = Sessions()
    clerks, legal_persons = Clerks(passwords), LegalPersons(cipher, access_logs)
    stock = Stock()
    payments, refunds = Payments(gateway), Refunds(gateway)
    splitting = adapters.splitting(settings, gateway, http)
    sharing = Sharing(splitting, settings.wechat_pay.share_limit_bp)
    coupons = Coupons()
    address_book = AddressBook(cipher)
    order_life = OrderLife(stock, payments, refunds, coupons)
    order_desks = OrderDesks(cipher)
    storage = adapters.storage(settings.pictures)
    pictures, texts = adapters.pictures(settings.pictures, storage), Texts()
    after_sales = AfterSales(refunds, stock, order_desks, pictures, texts)
    service, carriers = adapters.carrier_service(settings, http), Carriers(cipher)
    shipping, cancellations = Shipping(cipher), LabelCancellations(service, carriers)
    labels = Labels(service, carriers, shipping)
    retention = Retention(settings.own_data.trade_retention_days)
    own_data, parts = settings.own_data, parts_of(cipher, address_book)
    background = adapters.background_client(settings)
    receipts = Receipts(WeChatOrderStates(background))
    outgoing = Outgoing(WeChatSubscribeSender(background, adapters.miniprogram_state(settings)))
    built = Bootstrap(
        settings=settings,
        http=http,
        redis=redis,
        sessions=sessions,
        papers=Papers(),
        payments=payments,
        refunds=refunds,
        sharing=sharing,
        returns=Returns(splitting),
        presales=Presales(),
        strays=Strays(),
        commissions=Commissions(sharing, ReferralShares()),
        bills=Bills(gateway),
        fund_bills=FundBills(gateway),
        differences=Differences(gateway),
        order_life=order_life,
        after_sales=after_sales,
        coupons=coupons,
        referral_shares=ReferralShares(),
        receipts=receipts,
        offers=Offers(),
        groups=Groups(GroupOffers(Offers()), after_sales, payments),
        pickups=Pickups(cipher),
        vouchers=Vouchers(cipher, after_sales),
        live=live_centre(settings, http, redis, cipher, stock, coupons, outgoing, wechat),
        sealer=Sealer(),
        anchors=Anchors(Ed25519Signer(settings.ledger_signing_key), storage),
        sales_books=SalesBooks(),
        shipping=shipping,
        shortages=Shortages(after_sales, stock),
        shipping_reports=ShippingReports(),
        reporter=Reporter(
            WeChatShipping(background, settings.wechat_pay.mchid), is_combined=settings.wechat.combined_shipping
        ),
        tracking=Tracking(service, Parcels(), timedelta(seconds=settings.carrier.pause_s)),
        label_cancellations=cancellations,
        labels=labels,
        lost_labels=LostLabels(labels, cancellations),
        settlement_entries=SettlementEntries(),
        own_events=OwnEvents(settings.public_base_url),
        complaint_channel=ComplaintChannel(WeChatPayComplaints(gateway.configuration, http), complaints, pictures),
        complaint_pictures=ComplaintPictures(WeChatPayComplaints(gateway.configuration, http), pictures),
        transfers=Transfers(
            adapters.transfers(settings, gateway, http),
            PayoutRuns(BankAccounts(cipher, access_logs), access_logs),
            BankResults(),
            Wallets(cipher),
            access_logs,
        ),
        statements=Statements(),
        tallies=Tallies(redis),
        storage=storage,
        pictures=pictures,
        reviews=Reviews(texts, pictures, timedelta(days=settings.review_window_days)),
        outgoing=outgoing,
        notifications=Notifications(outgoing),
        export_making=ExportMaking(
            OfficeExports(storage, cipher, SheetFiles(), access_logs), ExportTemplates(cipher, SheetFiles())
        ),
        matches=MatchProposals(cipher, Households(cipher, access_logs)),
        closures=Closures(parts, timedelta(days=own_data.closure_cooling_days)),
        checks=Checks(WeChatContentChecks(background), texts, pictures),
        resealing=Resealing(cipher, EvidenceResealing(storage, cipher)),
        erasing=Erasing(retention),
        person_retention=PersonRetention(Persons(cipher)),
        host_retention=HostRetention(own_data.live_retention_days),
    )
    evidence = EvidenceFiles(storage, cipher, EvidenceLimits(settings.pictures.max_bytes, settings.pictures.max_pixels))
    checkout = Checkout(stock, payments, coupons, address_book, cipher)
    offered: list[object] = [
        BodyMarks(settings.secret_key.encode()),
        sessions,
        access_logs,
        LegalDocuments(),
        Consents(),
        Exports(parts, access_logs, own_data.exports_per_day),
        built.closures,
        pictures,
        texts,
        built.reviews,
        ScanTokens(settings.secret_key),
        ReferralTokens(settings.secret_key),
        Referrers(),
        Programme(splitting.is_offered),
        ScanCodes(adapters.code_painter(settings, wechat), settings.public_base_url),
        TraceLabels(settings.public_base_url),
        ScanPages(settings.wechat.appid, settings.scan_farmers_from),
        Inbox(),
        outgoing,
        ConsumerLogin(wechat, cipher, sessions, settings.wechat.appid),
        StaffLogin(passwords, sessions),
        StaffAccounts(passwords),
        Merchants(),
        built.papers,
        clerks,
        legal_persons,
        Applications(Merchants(), legal_persons, clerks),
        AnswerCache(),
        Imports(Catalogue(presale_days=settings.presale_days), stock),
        Catalogue(presale_days=settings.presale_days),
        SalePolicies(),
        Marks(),
        Recognitions(),
        FreightTemplates(),
        address_book,
        Categories(),
        Certificates(),
        Knives(),
        stock,
        built.offers,
        built.groups,
        built.groups.offers,
        OrderTurnstile(RedisSoldOutSigns(redis)),
        Campaigns(),
        built.coupons,
        payments,
        refunds,
        sharing,
        CommissionDesk(splitting.is_offered, settings.wechat_pay.share_limit_bp),
        built.bills,
        built.fund_bills,
        built.differences,
        Notices(gateway, payments, refunds),
        PaymentQueries(),
        checkout,
        Invoices(cipher, window_days=settings.invoice_window_days),
        InvoiceFiles(cipher),
        ChannelDesk(ChannelSales(stock, order_life, cipher), ChannelRefunds(stock), ChannelSettlements()),
        Carts(),
        Trades(payments),
        order_life,
        after_sales,
        order_desks,
        receipts,
        Fulfilment(Lots(), cipher),
        PackingWaves(Fulfilment(Lots(), cipher)),
        Processing(),
        Inspections(),
        Conformity(),
        Plots(),
        ColdRooms(cipher),
        SensorReadings(cipher),
        Holds(),
        Recalls(),
        built.own_events,
        Captures(),
        Declarations(),
        built.shipping,
        built.shortages,
        Readdressing(checkout, built.shipping),
        built.shipping_reports,
        built.tracking,
        carriers,
        built.labels,
        built.pickups,
        built.vouchers,
        Calendars(),
        *built.live.offered,
        Suppliers(),
        Intakes(),
        IntakeReceipts(cipher, settings.public_base_url),
        Lots(),
        built.matches.register,
        built.matches,
        SupplierIdentities(cipher),
        HouseholdStatements(cipher, access_logs, settings.public_base_url),
        Proofs(evidence, access_logs),
        Stories(PublicStories(texts, settings.story_words or WORDS), cipher, settings.story_consent_days),
        MonthCertificates(settings.public_base_url),
        StatementConfirmations(),
        StatementSheets(evidence, settings.public_base_url),
        Disputes(),
        OwnDisputes(),
        Members(cipher, access_logs),
        HouseholdChanges(cipher),
        BankAccounts(cipher, access_logs),
        retention,
        Years(),
        Incomes(),
        RegisterImports(cipher),
        RegisterLabels(),
        OfficeRules(),
        built.export_making,
        built.export_making.exports,
        built.export_making.templates,
        all_alarms(),
        Funds(),
        Meetings(),
        Disclosure(),
        Persons(cipher),
        TrainingClasses(Persons(cipher)),
        Incubation(Persons(cipher)),
        SiteStaff(Persons(cipher)),
        ClassPapers(evidence, access_logs),
        built.person_retention,
        built.host_retention,
        ConsentFiles(Roster(cipher, settings.host_identity_days), evidence, access_logs),
        AssistedShares(Persons(cipher)),
        Contracts(),
        Agreements(),
        IncomeSheets(),
        Demonstrations(),
        PoorVillages(),
        Helpers(cipher, access_logs),
        Visits(),
        Measures(),
        Needs(),
        Workshops(),
        Payouts(),
        built.transfers,
        built.transfers.runs,
        built.transfers.results,
        built.transfers.wallets,
        Corrections(),
        Reserves(),
        Clawbacks(),
        Journals(),
        built.sealer,
        MonthClose(Periods(sealer=built.sealer), built.differences),
        MessagePush(
            settings.wechat.appid,
            settings.wechat.push_token,
            settings.wechat.push_aes_key,
            settings.wechat.push_mode == "plain",
        ),
        built.statements,
        complaints,
        built.complaint_channel,
        ServiceEntries(settings.secret_key),
        settings,
    ]
    built.services.update({type(service): service for service in offered})
    built.services[FieldCipher] = cipher
    if settings.file_scan.clamd:
        built.services[FileScanner] = ClamAvScanner(settings.file_scan.clamd, settings.file_scan.timeout_s)
    return built
