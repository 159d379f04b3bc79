"""One API process for the regressions that come through the doors."""

from tests.doors.conftest import house, http, inside

__all__ = ["house", "http", "inside"]
