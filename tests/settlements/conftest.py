"""The mall of the orders' tests, with the facts delivered to settlements as well."""

from tests.orders.conftest import mall

__all__ = ["mall"]
