"""Complaints of buyers, from WeChat Pay and from the mini-program: each with a clock, an owner and an end."""
