"""Sellers: companies and co-operatives with a licence, checked by the county before they may sell."""
