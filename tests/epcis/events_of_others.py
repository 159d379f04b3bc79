"""Events and files as a partner might hand them in."""

import secrets
from typing import Any

from epcis.contexts import CONTEXT


def event() -> dict[str, Any]:
    """Something that arrived, new each time, with its context."""
    return {
        "@context": [CONTEXT], "type": "ObjectEvent", "eventTime": "2025-11-20T09:00:00+08:00",
        "eventTimeZoneOffset": "+08:00", "action": "OBSERVE", "bizStep": "receiving", "disposition": "in_progress",
        "epcList": [f"urn:epc:id:sgtin:4012345.011111.{secrets.randbelow(10**12)}"],
    }  # fmt: skip


def document() -> dict[str, Any]:
    """A file of two."""
    return {
        "@context": [CONTEXT], "type": "EPCISDocument", "schemaVersion": "2.0",
        "creationDate": "2025-11-20T10:00:00Z", "epcisBody": {"eventList": [event(), event()]},
    }  # fmt: skip
