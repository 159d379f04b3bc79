"""Money that moves between a payer and a payee: payments, refunds, the channel's bills and what they settle.

A payment knows an opaque ``reference`` (whose meaning only its owner knows) and an opaque ``payee``; it
knows neither orders nor households. The channel is a port; the truth is the row.
"""
