"""Payouts by transfer to a member's WeChat account: claimed by a committed state, called, recorded."""
