"""One API process for the regressions that come through the doors, and a mall for those of trade."""

from tests.doors.conftest import house, http, inside
from tests.orders.conftest import mall

__all__ = ["house", "http", "inside", "mall"]
