"""Codes that hang on shelves, labels and live screens: each leads to a product and says where a purchase began."""
