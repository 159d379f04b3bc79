"""What is on its way, and where to, as a consumer sees it."""
