"""Reviews as consumers write and read them."""
