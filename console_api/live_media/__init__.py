"""Pictures of the live centre for those who answer for them."""
