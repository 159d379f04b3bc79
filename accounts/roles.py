"""The roles of staff, and what limits each of them."""

from enum import StrEnum


class Role(StrEnum):
    """What a member of staff may act as."""

    MERCHANT_CLERK = "merchant_clerk"
    HOST = "host"
    STATION_KEEPER = "station_keeper"
    COUNTY_OFFICER = "county_officer"
    POVERTY_OFFICER = "poverty_officer"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


class ScopeKind(StrEnum):
    """What limits a role: nothing, one merchant or one township. The scope itself is opaque to this room."""

    COUNTY = "county"
    MERCHANT = "merchant"
    TOWNSHIP = "township"


class Duty(StrEnum):
    """What a merchant's clerk may be limited to. A clerk without a limit is a lead and does everything there."""

    ORDERS = "orders"
    PRODUCTS = "products"
    MONEY = "money"


SCOPE_OF_ROLE = {
    Role.MERCHANT_CLERK: ScopeKind.MERCHANT,
    Role.STATION_KEEPER: ScopeKind.TOWNSHIP,
    Role.HOST: ScopeKind.COUNTY,
    Role.COUNTY_OFFICER: ScopeKind.COUNTY,
    Role.POVERTY_OFFICER: ScopeKind.COUNTY,
    Role.AUDITOR: ScopeKind.COUNTY,
    Role.ADMINISTRATOR: ScopeKind.COUNTY,
}
