"""The live centre's services on their engine, bell and files, as the settings describe them."""

import os
from dataclasses import dataclass
from datetime import timedelta

import httpx
from redis.asyncio import Redis

from api_kit.sockets import AllowedOrigins
from integrations.anchor_signing.ed25519 import Ed25519Signer
from integrations.field_encryption.cipher import KeyRing
from integrations.media_server.nginx_rtmp import NginxRtmp
from integrations.media_server.relay_out import FfmpegRelayOut
from integrations.media_server.remux import FfmpegRemuxer
from integrations.media_server.rungs import FfmpegRung
from integrations.media_server.taps import FfmpegTap
from integrations.name_service.public_hosts import SystemHosts
from integrations.redis.room_bell import RedisRoomBell
from integrations.wechat.login import MiniProgramClient
from live.announcements.service import Announcements
from live.boards.clicks import Clicks
from live.evidence.cold import ColdTier
from live.evidence.holds import EvidenceDesk
from live.evidence.returning import Returning
from live.evidence.sealing import Evidence
from live.evidence.space import Storage
from live.media.bans import Bans
from live.media.cloud import CloudCopies, CloudNotices
from live.media.keys import LiveKeys
from live.media.monitoring import Monitoring
from live.media.playback import Playback
from live.media.publishing import Publishing
from live.media.rehearsals import Rehearsals
from live.media.rungs import RungMaking, Rungs, most_rungs
from live.media.space import Space
from live.media.supervision import Supervision
from live.media.targets import RelayOuts, RelayTargets
from live.plans.service import Plans
from live.readiness.service import Readiness
from live.readings import RoomReadings
from live.reminders.service import Reminders
from live.replays.clips import Clips
from live.replays.jobs import Archive
from live.reports.service import RoomReports
from live.roster.service import Roster
from live.service import Sessions
from live.shares.service import Shares
from live.shop.attributions import Attributions
from live.shop.coupons import RoomCoupons
from live.shop.prices import RoomPrices
from live.shop.shelf import Shelf
from live.studios.service import Studios
from live.talk.chat import Chat
from live.talk.hub import FeedHub
from live.talk.moderation import Moderation
from messages.outgoing import Outgoing
from products.offers import Offers
from products.stock import Stock
from promotions.coupons import Coupons
from public_pages.live_rooms.endpoints import RoomPages
from public_pages.live_rooms.views import policy
from server import adapters
from server.settings import Settings


@dataclass(frozen=True)
class LiveCentre:
    """What jobs, reactions and the supervisor ask for by name; ``offered`` is what endpoints ask for by type."""

    sessions: Sessions
    room_prices: RoomPrices
    supervision: Supervision
    bans: Bans
    monitoring: Monitoring
    cloud_copies: CloudCopies
    relay_outs: RelayOuts
    rung_making: RungMaking
    archive: Archive
    evidence: Evidence
    storage: Storage
    cold_tier: ColdTier
    feed_hub: FeedHub
    chat: Chat
    announcements: Announcements
    reminders: Reminders
    shares: Shares
    offered: tuple[object, ...]


def live_centre(
    settings: Settings,
    http: httpx.AsyncClient,
    redis: "Redis",
    cipher: KeyRing,
    stock: Stock,
    coupons: Coupons,
    outgoing: Outgoing,
    wechat: MiniProgramClient,
) -> LiveCentre:
    """Build it. Opens no connection."""
    part = settings.live
    engine, own_viewers = part.media, part.cloud.own_viewers
    media = NginxRtmp(engine.stat_url, engine.control_url, http)
    keys = LiveKeys(settings.secret_key, engine.callback_secret)
    bell = RedisRoomBell(redis)
    sessions = Sessions(bell, media)
    roster = Roster(cipher, part.host_identity_days)
    space = Space(
        engine.directory, engine.low_water_percent, engine.quota_bytes, warning_percent=engine.quota_warning_percent
    )
    hls_directory = engine.directory / "hls"
    publishing = Publishing(keys, engine.rtmp_publish_url, bell, space=space, hls_directory=hls_directory)
    supervision = Supervision(sessions, publishing, media, bell, hls_directory)
    cloud = adapters.cloud_live(settings, http)
    pages_url = f"{settings.public_base_url}/rooms" if part.room_pages else None
    playback = Playback(keys, engine.flv_base_url, engine.hls_base_url, cloud, own_viewers, pages_url)
    archive = Archive(hls_directory, engine.directory / "archive", FfmpegRemuxer(engine.ffmpeg_path))
    kept = timedelta(days=settings.own_data.live_retention_days)
    evidence = Evidence(
        engine.directory / "evidence",
        archive,
        keys,
        kept,
        Ed25519Signer(settings.ledger_signing_key, settings.ledger_former_keys),
        cold=adapters.cold_storage(settings),
    )
    storage = Storage(space, evidence)
    hosts = SystemHosts(part.relay_trials)
    relay_out = FfmpegRelayOut(engine.ffmpeg_path, engine.rtmp_internal_url)
    rung = FfmpegRung(engine.ffmpeg_path, engine.rtmp_internal_url, engine.rung_url)
    rungs = most_rungs(os.cpu_count() or 1) if engine.second_rung else 0
    attributions = Attributions(keys)
    room_prices = RoomPrices(Offers(), stock, bell)
    bans, chat, announcements = Bans(bell, media), Chat(bell), Announcements(bell)
    reminders, shares = Reminders(outgoing), Shares(adapters.code_painter(settings, wechat), keys)
    feed_hub = FeedHub(bell, most_sockets=part.feed.sockets)
    return LiveCentre(
        sessions=sessions,
        room_prices=room_prices,
        supervision=supervision,
        bans=bans,
        monitoring=Monitoring(supervision.lease, FfmpegTap(engine.ffmpeg_path, engine.rtmp_internal_url)),
        cloud_copies=CloudCopies(supervision.lease, relay_out, cloud, own_viewers),
        relay_outs=RelayOuts(supervision.lease, relay_out, hosts, cipher),
        rung_making=RungMaking(supervision.lease, rung, rungs),
        archive=archive,
        evidence=evidence,
        storage=storage,
        cold_tier=ColdTier(evidence, space, timedelta(days=part.cold.after_days)),
        feed_hub=feed_hub,
        chat=chat,
        announcements=announcements,
        reminders=reminders,
        shares=shares,
        offered=(
            sessions,
            roster,
            Readiness(roster, bell, signers=frozenset(part.signers)),
            Plans(),
            Studios(),
            publishing,
            bans,
            Rehearsals(media),
            RelayTargets(cipher, hosts),
            Rungs(rungs),
            Shelf(bell),
            room_prices,
            chat,
            announcements,
            reminders,
            shares,
            Moderation(keys, bell),
            RoomReports(),
            feed_hub,
            keys,
            AllowedOrigins(settings.allowed_origins),
            playback,
            RoomReadings(playback),
            archive,
            evidence,
            storage,
            EvidenceDesk(),
            Returning(keys, evidence.cold is not None, part.cold.returns_per_person),
            Clicks(keys),
            Clips(hls_directory, playback),
            RoomPages(part.room_pages, _policy(settings)),
            CloudNotices(cloud),
            attributions,
            RoomCoupons(coupons, attributions, bell),
        ),
    )


def _policy(settings: Settings) -> str:
    live = settings.live
    media = (live.media.flv_base_url, live.media.hls_base_url, live.cloud.play_url)
    return policy(settings.public_base_url, [settings.pictures.base_url], media)
