"""Orders conduct: they reserve stock, open payments, have goods packed from lots and refund what went wrong.

An order belongs to one consumer and one merchant. Prices, names and shares are copied onto its lines when it is
placed, so history does not move. It knows products, payments and traceability by calling down; whoever wants to know
about orders listens to its facts.
"""
