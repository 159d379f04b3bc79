"""The household ledger's services and those of the county's offices, as the settings describe them."""

from dataclasses import dataclass

from api_kit.workbooks import SheetFiles
from content.stories.service import PublicStories
from content.stories.words import WORDS
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
from integrations.anchor_signing.ed25519 import Ed25519Signer
from integrations.wechat_pay.complaints import WeChatPayComplaints
from ledger.anchors import Anchors
from ledger.periods import Periods
from ledger.service import Journals, Sealer
from live.roster.papers import HostPapers
from live.roster.service import Roster
from payments.differences import Differences
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
from products.service import Catalogue
from server import adapters
from server.ground import Ground


@dataclass
class HouseholdLedger:
    """What jobs, reactions and tests ask for by name; ``offered`` is what endpoints ask for by type."""

    sealer: Sealer
    anchors: Anchors
    sales_books: SalesBooks
    transfers: Transfers
    export_making: ExportMaking
    matches: MatchProposals
    erasing: Erasing
    person_retention: PersonRetention
    host_retention: HostRetention
    complaint_channel: ComplaintChannel
    complaint_pictures: ComplaintPictures
    offered: tuple[object, ...]


def household_ledger(ground: Ground, differences: Differences) -> HouseholdLedger:
    """Build it. ``differences`` of bills are what keeps a month from being closed."""
    settings, cipher, access_logs = ground.settings, ground.cipher, ground.access_logs
    retention = Retention(settings.own_data.trade_retention_days)
    complaints = Complaints(cipher, Catalogue())
    vendor = WeChatPayComplaints(ground.gateway.configuration, ground.http)
    built = HouseholdLedger(
        sealer=Sealer(),
        anchors=Anchors(Ed25519Signer(settings.ledger_signing_key), ground.storage),
        sales_books=SalesBooks(),
        transfers=Transfers(
            adapters.transfers(settings, ground.gateway, ground.http),
            PayoutRuns(BankAccounts(cipher, access_logs), access_logs),
            BankResults(),
            Wallets(cipher),
            access_logs,
        ),
        export_making=ExportMaking(
            OfficeExports(ground.storage, cipher, SheetFiles(), access_logs), ExportTemplates(cipher, SheetFiles())
        ),
        matches=MatchProposals(cipher, Households(cipher, access_logs)),
        erasing=Erasing(retention),
        person_retention=PersonRetention(Persons(cipher)),
        host_retention=HostRetention(settings.own_data.live_retention_days),
        complaint_channel=ComplaintChannel(vendor, complaints, ground.pictures),
        complaint_pictures=ComplaintPictures(vendor, ground.pictures),
        offered=(),
    )
    built.offered = (
        retention,
        complaints,
        MonthClose(Periods(sealer=built.sealer), differences),
        *_of_households(ground, built),
        *_of_the_books(built),
        *_of_the_county(ground, built),
    )
    return built


def _of_households(ground: Ground, built: HouseholdLedger) -> tuple[object, ...]:
    """The register, its papers and what leaves the office."""
    settings, cipher, access_logs = ground.settings, ground.cipher, ground.access_logs
    return (
        built.matches.register,
        built.matches,
        SupplierIdentities(cipher),
        HouseholdStatements(cipher, access_logs, settings.public_base_url),
        Proofs(ground.evidence, access_logs),
        Stories(PublicStories(ground.texts, settings.story_words or WORDS), cipher, settings.story_consent_days),
        MonthCertificates(settings.public_base_url),
        StatementConfirmations(),
        StatementSheets(ground.evidence, settings.public_base_url),
        Disputes(),
        OwnDisputes(),
        Members(cipher, access_logs),
        HouseholdChanges(cipher),
        BankAccounts(cipher, access_logs),
        Years(),
        Incomes(),
        RegisterImports(cipher),
        RegisterLabels(),
        OfficeRules(),
        built.export_making,
        built.export_making.exports,
        built.export_making.templates,
        Demonstrations(),
        PoorVillages(),
        Helpers(cipher, access_logs),
        Visits(),
        Measures(),
        Needs(),
        Workshops(),
    )


def _of_the_books(built: HouseholdLedger) -> tuple[object, ...]:
    """Contracts, payouts, journals and what corrects them."""
    return (
        Contracts(),
        Agreements(),
        IncomeSheets(),
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
    )


def _of_the_county(ground: Ground, built: HouseholdLedger) -> tuple[object, ...]:
    """Alarms, funds, trainings, complaints."""
    settings, cipher, access_logs = ground.settings, ground.cipher, ground.access_logs
    return (
        all_alarms(),
        Funds(),
        Meetings(),
        Disclosure(),
        Persons(cipher),
        TrainingClasses(Persons(cipher)),
        Incubation(Persons(cipher)),
        SiteStaff(Persons(cipher)),
        ClassPapers(ground.evidence, access_logs),
        built.person_retention,
        built.host_retention,
        HostPapers(Roster(cipher, settings.live.host_identity_days), ground.evidence, access_logs),
        AssistedShares(Persons(cipher)),
        built.complaint_channel,
        ServiceEntries(settings.secret_key),
    )
