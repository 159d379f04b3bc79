"""Kuaidi100's signatures: MD5 over concatenated texts, in capital letters. Their protocol, not our choice."""

import hashlib
import hmac


def query_signature(param: str, key: str, customer: str) -> str:
    """Of a query: the JSON exactly as it is sent, the key, the customer."""
    return _md5(param + key + customer)


def label_signature(param: str, moment_ms: str, key: str, secret: str) -> str:
    """Of an order for a waybill, and of its cancelling."""
    return _md5(param + moment_ms + key + secret)


def push_is_genuine(param: str, salt: str, signature: str) -> bool:
    """Whether a push was signed by who knows the salt."""
    return hmac.compare_digest(_md5(param + salt).encode(), signature.upper().encode())


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest().upper()
