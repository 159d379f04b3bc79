"""The catalogue: products with SKUs and prices, their stock, and marks that show only while valid."""
