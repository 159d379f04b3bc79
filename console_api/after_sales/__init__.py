"""After-sales, as merchants and the county see it."""
