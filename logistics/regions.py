"""Regions by their six digits (GB/T 2260): two name a province, four a prefecture, six a county."""

import re

from logistics.errors import RegionInvalid

_COUNTY = re.compile(r"[1-9][0-9]{5}")
PREFIX_LENGTHS = (6, 4, 2)
"""How long a region's prefix may be, the most exact one first."""


def check_region(region: str) -> None:
    """Raises :class:`RegionInvalid` unless it is six digits that name more than a province.

    A prefecture without counties has a code of its own (441900), so the last two digits may be zeros.
    """
    if not _COUNTY.fullmatch(region) or region.endswith("0000"):
        raise RegionInvalid(region=region[:12])
