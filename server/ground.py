"""What services of every room stand on: clients, keys, files, pushes. Built once, opens no connection."""

from dataclasses import dataclass

import httpx
from redis.asyncio import Redis

from accounts.passwords import Passwords
from accounts.service import AccessLogs
from content.evidence.service import EvidenceFiles, EvidenceLimits
from content.pictures import Pictures
from content.ports import ObjectStorage
from content.texts import Texts
from integrations.field_encryption.cipher import KeyRing
from integrations.wechat.background import BackgroundClient
from integrations.wechat.login import MiniProgramClient
from integrations.wechat.subscribe import WeChatSubscribeSender
from integrations.wechat_pay.gateway import WeChatPayGateway
from messages.outgoing import Outgoing
from server import adapters
from server.settings import Settings


@dataclass(frozen=True)
class Ground:
    """What the parts of the house share."""

    settings: Settings
    http: httpx.AsyncClient
    redis: "Redis"
    cipher: KeyRing
    wechat: MiniProgramClient
    background: BackgroundClient
    gateway: WeChatPayGateway
    storage: ObjectStorage
    pictures: Pictures
    texts: Texts
    evidence: EvidenceFiles
    access_logs: AccessLogs
    passwords: Passwords
    outgoing: Outgoing


def ground_of(settings: Settings) -> Ground:
    """Build it. Raises for keys that cannot be read."""
    http = httpx.AsyncClient(trust_env=False, limits=httpx.Limits(max_connections=50, max_keepalive_connections=20))
    redis: Redis = Redis.from_url(settings.redis_url, socket_timeout=5, socket_connect_timeout=2)
    cipher, said = adapters.key_ring(settings), settings.wechat
    background = adapters.background_client(settings)
    storage, kept = adapters.storage(settings.pictures), settings.pictures
    return Ground(
        settings=settings,
        http=http,
        redis=redis,
        cipher=cipher,
        wechat=MiniProgramClient(said.appid, said.secret, said.api_base.rstrip("/"), http, redis),
        background=background,
        gateway=WeChatPayGateway(adapters.wechat_pay(settings), http),
        storage=storage,
        pictures=adapters.pictures(kept, storage),
        texts=Texts(),
        evidence=EvidenceFiles(storage, cipher, EvidenceLimits(kept.max_bytes, kept.max_pixels)),
        access_logs=AccessLogs(views_per_hour=settings.views_per_hour),
        passwords=Passwords(),
        outgoing=Outgoing(WeChatSubscribeSender(background, adapters.miniprogram_state(settings))),
    )
