"""The mall on a fresh database."""

from tests.orders.conftest import mall

__all__ = ["mall"]
