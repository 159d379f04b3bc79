"""How much of a payment is a share: integers, rounded down, so that parts never exceed the whole."""

from datetime import timedelta

BASIS_POINTS = 10_000
HIGHEST_FEE_BP = 100
"""The limit counts after the channel's fee; until the bill states it, its highest rate is assumed [K]."""

SPLIT_AFTER = timedelta(seconds=61)
"""A split is at least a minute behind the payment (wechat reference 2.5)."""

SPLIT_WITHIN = timedelta(days=30) - timedelta(hours=1)
"""Then the channel unfreezes the money by itself; the last hour is left to it."""

RETURNABLE_FOR = timedelta(days=180)
"""How long a receiver can give back at the channel."""


def kept(share_fen: int, left_fen: int, base_fen: int) -> int:
    """What is left of a share of ``base_fen`` when ``left_fen`` of it are."""
    return share_fen * max(0, left_fen) // base_fen


def splittable(base_fen: int, fee_fen: int | None, limit_bp: int) -> int:
    """The most that the channel splits off ``base_fen``; ``fee_fen`` as its bill states it, or None."""
    fee = -(-base_fen * HIGHEST_FEE_BP // BASIS_POINTS) if fee_fen is None else fee_fen
    return max(0, base_fen - fee) * limit_bp // BASIS_POINTS
