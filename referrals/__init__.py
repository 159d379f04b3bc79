"""Referral of one level: who recommends goods may earn a capped commission on what is bought through the own code.

There is no second level: a referrer is nobody's recruit, joining names nobody, and no commission is ever paid for one.
Multi-level commission is pyramid selling and unlawful (domain reference M01). Lines and orders are opaque here.
"""
