"""What a process of tests does once and not for every test: most of these cost it 20 to 60 ms of CPU.

Nothing here changes what the product does with its keys, its clients or its models; a process of the product does each
of these once anyway.
"""

import asyncio
import sys
from functools import cache

import httpx._transports.default as transports
import uvloop
from tortoise.apps import Apps
from tortoise.models import MetaInfo

from integrations.wechat_pay import signatures

_finalised: set[MetaInfo] = set()
_build_querysets = Apps._build_initial_querysets


def _build_new_querysets(apps: Apps) -> None:
    """Finalise models that no context of this process has finalised; the others are as the first one left them."""
    metas = {model._meta for models in apps.apps.values() for model in models.values()}
    if not metas <= _finalised:
        _build_querysets(apps)
        _finalised.update(metas)


def do_once() -> None:
    """Let this process remember what it has done, and wait as the API does."""
    # Sanic serves on uvloop. Most of a test is statements and waiting for rows: it computes a fifth less.
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    # httpcore looks for sniffio seven times a request and does without; a miss on every path and through pytest's own
    # importer were a third of what a request cost a test.
    sys.modules.setdefault("sniffio", None)  # type: ignore[arg-type]
    # Every TortoiseContext finalises the same models anew: 56 ms.
    Apps._build_initial_querysets = _build_new_querysets  # type: ignore[method-assign, assignment]
    # Every client reads the same certificate authorities from the disk: 22 ms. Requests of tests stay on loopback.
    transports.create_ssl_context = cache(transports.create_ssl_context)  # type: ignore[attr-defined]
    # Whoever builds the system proves the same primes of the merchant's key: 43 ms.
    signatures.load_pem_private_key = cache(signatures.load_pem_private_key)  # type: ignore[attr-defined, assignment]
