"""After-sales, as a consumer sees it."""
