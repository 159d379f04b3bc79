"""What WeChat's message push tells us, kept once and announced, and what we tell people through subscribe messages.

Knows no trade: a person is an openid, a message a template with values, an event what WeChat calls it.
"""
