"""Booked services, as a merchant's clerk sees them."""
