"""The centre's studio rooms and who has them when."""
