"""The catalogue, as a consumer sees it."""
