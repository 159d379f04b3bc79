"""The mall of the orders' tests with complaints, and the WeChat sandbox behind a live one."""

from tests.orders.conftest import mall
from tests.payments.conftest import live_shop, sandbox

__all__ = ["live_shop", "mall", "sandbox"]
