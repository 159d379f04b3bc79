"""The one table of what is sealed in the database: every sealed column, and the place that its value is bound to.

Whoever adds a sealed column adds it here; a law test finds what is missing (decision 0062).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from accounts.service import phone_place
from county.complaints.service import phone_place as complaint_place
from county.training.persons import person_place as project_person_place
from kit.database import Row
from live.media.targets import target_place
from live.roster.service import host_place
from logistics.addresses import address_place
from logistics.carriers import contract_place
from merchants.applications import person_place
from orders.cases.desk import case_place, desk_place
from orders.invoices.files import file_place
from orders.invoices.service import sealed_place as invoice_place
from orders.pickups import pickup_place
from orders.placements import sealed_place as delivery_place
from orders.vouchers import voucher_place
from poverty_alleviation.exports.templates import template_place
from poverty_alleviation.help.responsible import helper_place
from poverty_alleviation.households import household_place
from poverty_alleviation.register.accounts import account_place
from poverty_alleviation.register.members import member_place
from poverty_alleviation.register.wallets import wallet_place
from poverty_alleviation.vault import HOUSEHOLD_TABLES
from traceability.storage.rooms import sealed_place as device_place

Place = Callable[[Row], str]


@dataclass(frozen=True)
class SealedTable:
    """A table with sealed ``columns``, each with its place; ``named`` is the SQL of what the places are made from.

    ``batch``: how many rows are sealed anew in one transaction.
    """

    table: str
    columns: dict[str, Place]
    named: str = "t.number"
    batch: int = 200

    @property
    def is_household(self) -> bool:
        """Whether its rows are the vault's."""
        return self.table in HOUSEHOLD_TABLES


def _by_column(place: Callable[[str, str], str], name: str, *columns: str) -> dict[str, Place]:
    """Columns that are called after the field that they seal, with ``_cipher`` behind or without."""
    return {c: partial(_placed, place, c.removesuffix("_cipher"), name) for c in columns}


def _placed(place: Callable[[str, str], str], column: str, name: str, row: Row) -> str:
    return place(column, row[name])


def _by_number(place: Callable[[str], str], column: str) -> dict[str, Place]:
    return {column: lambda row: place(row["number"])}


_OF_ORDER = "(SELECT o.number FROM customer_order o WHERE o.id = t.order_id) AS number"

SEALED_TABLES = (
    SealedTable("consumer_account", _by_number(phone_place, "phone_cipher")),
    SealedTable("complaint", _by_number(complaint_place, "phone_cipher")),
    SealedTable(
        "project_person",
        _by_column(project_person_place, "number", "name_cipher", "id_number_cipher", "phone_cipher"),
    ),
    SealedTable("live_host", _by_column(host_place, "number", "name_cipher", "id_number_cipher")),
    SealedTable("delivery_address", _by_column(address_place, "number", "recipient", "phone", "street")),
    SealedTable(
        "carrier_account",
        {"contract": lambda row: contract_place(row["merchant"], row["carrier"])},
        "t.merchant, t.carrier",
    ),
    SealedTable(
        "legal_person",
        _by_column(person_place, "number", "name_cipher", "id_number_cipher", "phone_cipher"),
        "(SELECT m.number FROM merchant m WHERE m.id = t.merchant_id) AS number",
    ),
    SealedTable("sensor_device", _by_number(device_place, "sealed_key")),
    SealedTable("live_relay_target", _by_number(target_place, "address_sealed")),
    SealedTable("customer_order", _by_number(delivery_place, "delivery")),
    SealedTable("order_pickup", _by_number(pickup_place, "code"), _OF_ORDER),
    SealedTable("voucher", _by_number(voucher_place, "code")),
    SealedTable("order_desk", {"return_address": lambda row: desk_place(row["merchant"])}, "t.merchant"),
    SealedTable("after_sales_case", _by_number(case_place, "return_address")),
    SealedTable("invoice_request", _by_number(invoice_place, "sealed")),
    SealedTable(
        "invoice_file",
        _by_number(file_place, "sealed"),
        "(SELECT q.number FROM invoice_request q WHERE q.id = t.request_id) AS number",
        batch=5,  # megabytes each
    ),
    SealedTable(
        "household", _by_column(household_place, "code", "name_cipher", "id_number_cipher", "phone_cipher"), "t.code"
    ),
    SealedTable(
        "household_member",
        _by_column(member_place, "code", "name_cipher", "id_number_cipher", "phone_cipher", "health_cipher"),
        "t.code",
    ),
    SealedTable("helper", _by_column(helper_place, "code", "name_cipher", "phone_cipher"), "t.code"),
    SealedTable(
        "export_template",
        {"content_sealed": lambda row: template_place(row["sha256"])},
        "t.sha256",
        batch=5,  # up to a megabyte each
    ),
    SealedTable("household_account", _by_column(account_place, "code", "holder_cipher", "number_cipher"), "t.code"),
    SealedTable("household_wallet", _by_column(wallet_place, "code", "payee_cipher"), "t.code"),
)

NOT_SEALED = frozenset(
    {
        "assisted_share_person.mark",
        "channel_import.digest",
        "channel_order.content",
        "channel_refund.content",
        "consumer_account.phone_index",
        "customer_order.address_mark",
        "customer_order.device_mark",
        "household.id_number_index",
        "household_member.id_number_index",
        "household_member.phone_index",
        "household_account.number_index",
        "household_wallet.payee_index",
        "household_year.list_number_index",
        "supplier_identity.id_number_index",
        "supplier_identity.phone_index",
        "legal_person.id_number_index",
        "live_host.id_number_index",
        "host_blacklisting.id_number_index",
        "idempotency_claim.answer",
        "idempotency_claim.body_mark",
        "payment_notice.body",
        "payment_notice.body_hash",
        "picture.sha256",
        "project_person.id_number_index",
        "register_import.file_hash",
    }
)
"""Octets that are a hash, keyed or not, of a value or a file; an answer as it was given; what WeChat Pay has sealed."""
