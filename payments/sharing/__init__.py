"""Profit sharing (分账): a payment's commission is split off at the channel once it is earned.

The order of work is that of refunds: claim by a committed state, call with a number that stays, record. An outcome
that nobody knows is asked about. Nothing is undone by deleting: a refund after a split has its share returned first.
"""
