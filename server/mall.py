"""The mall's services: goods from plot to parcel, orders and their money, as the settings describe them."""

from dataclasses import dataclass
from datetime import timedelta

from accounts.clerks import Clerks
from console_api.channels.endpoints import ChannelDesk
from epcis.captures import Captures
from epcis.declarations import Declarations
from epcis.records import OwnEvents
from integrations.redis.sold_out import RedisSoldOutSigns
from integrations.wechat.receipts import WeChatOrderStates
from integrations.wechat.shipping import WeChatShipping
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
from server.ground import Ground
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


@dataclass
class Mall:
    """What jobs, reactions and tests ask for by name; ``offered`` is what endpoints ask for by type."""

    papers: Papers
    stock: Stock
    offers: Offers
    coupons: Coupons
    payments: Payments
    refunds: Refunds
    sharing: Sharing
    returns: Returns
    bills: Bills
    fund_bills: FundBills
    differences: Differences
    commissions: Commissions
    referral_shares: ReferralShares
    order_life: OrderLife
    after_sales: AfterSales
    receipts: Receipts
    presales: Presales
    groups: Groups
    pickups: Pickups
    vouchers: Vouchers
    shipping: Shipping
    shortages: Shortages
    strays: Strays
    shipping_reports: ShippingReports
    reporter: Reporter
    tracking: Tracking
    labels: Labels
    label_cancellations: LabelCancellations
    lost_labels: LostLabels
    settlement_entries: SettlementEntries
    statements: Statements
    own_events: OwnEvents
    reviews: Reviews
    notifications: Notifications
    offered: tuple[object, ...]


def mall_on(ground: Ground, address_book: AddressBook) -> Mall:
    """Build it."""
    settings, cipher, http, gateway = ground.settings, ground.cipher, ground.http, ground.gateway
    stock, coupons, order_desks = Stock(), Coupons(), OrderDesks(cipher)
    payments, refunds = Payments(gateway), Refunds(gateway)
    splitting = adapters.splitting(settings, gateway, http)
    sharing = Sharing(splitting, settings.wechat_pay.share_limit_bp)
    after_sales = AfterSales(refunds, stock, order_desks, ground.pictures, ground.texts)
    service, carriers = adapters.carrier_service(settings, http), Carriers(cipher)
    shipping, cancellations = Shipping(cipher), LabelCancellations(service, carriers)
    labels = Labels(service, carriers, shipping)
    tells = WeChatShipping(ground.background, settings.wechat_pay.mchid)
    built = Mall(
        papers=Papers(),
        stock=stock,
        offers=Offers(),
        coupons=coupons,
        payments=payments,
        refunds=refunds,
        sharing=sharing,
        returns=Returns(splitting),
        bills=Bills(gateway),
        fund_bills=FundBills(gateway),
        differences=Differences(gateway),
        commissions=Commissions(sharing, ReferralShares()),
        referral_shares=ReferralShares(),
        order_life=OrderLife(stock, payments, refunds, coupons),
        after_sales=after_sales,
        receipts=Receipts(WeChatOrderStates(ground.background)),
        presales=Presales(),
        groups=Groups(GroupOffers(Offers()), after_sales, payments),
        pickups=Pickups(cipher),
        vouchers=Vouchers(cipher, after_sales),
        shipping=shipping,
        shortages=Shortages(after_sales, stock),
        strays=Strays(),
        shipping_reports=ShippingReports(),
        reporter=Reporter(tells, is_combined=settings.wechat.combined_shipping),
        tracking=Tracking(service, Parcels(), timedelta(seconds=settings.carrier.pause_s)),
        labels=labels,
        label_cancellations=cancellations,
        lost_labels=LostLabels(labels, cancellations),
        settlement_entries=SettlementEntries(),
        statements=Statements(),
        own_events=OwnEvents(settings.public_base_url),
        reviews=Reviews(ground.texts, ground.pictures, timedelta(days=settings.review_window_days)),
        notifications=Notifications(ground.outgoing),
        offered=(),
    )
    built.offered = (
        order_desks,
        carriers,
        Programme(splitting.is_offered),
        CommissionDesk(splitting.is_offered, settings.wechat_pay.share_limit_bp),
        *_of_goods(ground, built),
        *_of_orders(ground, built, address_book),
        *_of_money(ground, built),
        *_of_the_trail(ground, built),
    )
    return built


def _of_goods(ground: Ground, built: Mall) -> tuple[object, ...]:
    """Merchants, what they sell, and what draws people to it."""
    settings, clerks = ground.settings, Clerks(ground.passwords)
    legal_persons, catalogue = (
        LegalPersons(ground.cipher, ground.access_logs),
        Catalogue(presale_days=settings.presale_days),
    )
    return (
        Merchants(),
        built.papers,
        clerks,
        legal_persons,
        Applications(Merchants(), legal_persons, clerks),
        Imports(catalogue, built.stock),
        catalogue,
        SalePolicies(),
        Marks(),
        Recognitions(),
        FreightTemplates(),
        Categories(),
        Certificates(),
        Knives(),
        built.stock,
        built.offers,
        built.groups,
        built.groups.offers,
        Calendars(),
        Campaigns(),
        built.coupons,
        built.reviews,
        ReferralTokens(settings.secret_key),
        Referrers(),
        ScanTokens(settings.secret_key),
        ScanCodes(adapters.code_painter(settings, ground.wechat), settings.public_base_url),
        TraceLabels(settings.public_base_url),
        ScanPages(settings.wechat.appid, settings.scan_farmers_from),
    )


def _of_orders(ground: Ground, built: Mall, address_book: AddressBook) -> tuple[object, ...]:
    """From the cart to what comes back."""
    cipher = ground.cipher
    checkout = Checkout(built.stock, built.payments, built.coupons, address_book, cipher)
    return (
        address_book,
        OrderTurnstile(RedisSoldOutSigns(ground.redis)),
        checkout,
        Carts(),
        Trades(built.payments),
        built.order_life,
        built.after_sales,
        built.receipts,
        Fulfilment(Lots(), cipher),
        PackingWaves(Fulfilment(Lots(), cipher)),
        built.shipping,
        built.shortages,
        Readdressing(checkout, built.shipping),
        built.shipping_reports,
        built.tracking,
        built.labels,
        built.pickups,
        built.vouchers,
    )


def _of_money(ground: Ground, built: Mall) -> tuple[object, ...]:
    """Payments and their bills, invoices, other channels, statements of merchants."""
    cipher = ground.cipher
    sales = ChannelSales(built.stock, built.order_life, cipher)
    return (
        built.payments,
        built.refunds,
        built.sharing,
        built.bills,
        built.fund_bills,
        built.differences,
        Notices(ground.gateway, built.payments, built.refunds),
        PaymentQueries(),
        Invoices(cipher, window_days=ground.settings.invoice_window_days),
        InvoiceFiles(cipher),
        ChannelDesk(sales, ChannelRefunds(built.stock), ChannelSettlements()),
        built.statements,
    )


def _of_the_trail(ground: Ground, built: Mall) -> tuple[object, ...]:
    """Where goods come from, how they were kept, what was measured."""
    cipher = ground.cipher
    return (
        Suppliers(),
        Intakes(),
        IntakeReceipts(cipher, ground.settings.public_base_url),
        Lots(),
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
    )
