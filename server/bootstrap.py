"""Settings -> adapters -> services, built once. Here and in the parts it joins a port meets its adapter."""

from dataclasses import dataclass, field
from datetime import timedelta

import httpx
from redis.asyncio import Redis

from accounts.closures import Closures
from accounts.consents import Consents, LegalDocuments
from accounts.exports import Exports
from accounts.service import ConsumerLogin, Sessions
from accounts.staff import StaffAccounts, StaffLogin
from api_kit.answer_cache import AnswerCache
from content.checking import Checks
from content.evidence.resealing import EvidenceResealing
from content.pictures import Pictures
from content.ports import ObjectStorage
from integrations.clamav.scanner import ClamAvScanner
from integrations.wechat.content_checks import WeChatContentChecks
from kit.encryption import FieldCipher
from kit.file_scanning import FileScanner
from kit.idempotency import BodyMarks
from logistics.addresses import AddressBook
from messages.inbox import Inbox
from messages.outgoing import Outgoing
from server.field_keys import check_field_keys
from server.ground import Ground, ground_of
from server.household_ledger import HouseholdLedger, household_ledger
from server.live_centre import LiveCentre, live_centre
from server.mall import Mall, mall_on
from server.own_records import parts_of
from server.resealing import Resealing
from server.settings import Settings
from server.tallies import Tallies
from webhook_api.wechat.push import MessagePush


@dataclass
class Bootstrap:
    """Everything one process needs. ``services`` is what endpoints may ask for, by type."""

    settings: Settings
    http: httpx.AsyncClient
    redis: "Redis"
    sessions: Sessions
    tallies: Tallies
    storage: ObjectStorage
    pictures: Pictures
    checks: Checks
    outgoing: Outgoing
    closures: Closures
    resealing: Resealing
    mall: Mall
    ledger: HouseholdLedger
    live: LiveCentre
    services: dict[type, object] = field(default_factory=dict)

    async def start(self) -> None:
        """Hold the ring of keys against the database; clients connect when they are first used.

        Raises SettingsInvalid.
        """
        await check_field_keys(self.resealing.ring, self.settings.field_keys)

    async def stop(self) -> None:
        """End the feeds and close the clients of this process."""
        await self.live.feed_hub.stop()
        await self.http.aclose()
        await self.redis.aclose()


def bootstrap(settings: Settings) -> Bootstrap:
    """Build the system. Raises for keys that cannot be read; opens no connection."""
    base = ground_of(settings)
    http, redis, cipher = base.http, base.redis, base.cipher
    address_book = AddressBook(cipher)
    mall = mall_on(base, address_book)
    parts = parts_of(cipher, address_book)
    built = Bootstrap(
        settings=settings,
        http=http,
        redis=redis,
        sessions=Sessions(),
        tallies=Tallies(redis),
        storage=base.storage,
        pictures=base.pictures,
        checks=Checks(WeChatContentChecks(base.background), base.texts, base.pictures),
        outgoing=base.outgoing,
        closures=Closures(parts, timedelta(days=settings.own_data.closure_cooling_days)),
        resealing=Resealing(cipher, EvidenceResealing(base.storage, cipher)),
        mall=mall,
        ledger=household_ledger(base, mall.differences),
        live=live_centre(settings, http, redis, cipher, mall.stock, mall.coupons, base.outgoing, base.wechat),
    )
    exports = Exports(parts, base.access_logs, settings.own_data.exports_per_day)
    offered = (*_of_accounts(base, built), exports, *mall.offered, *built.ledger.offered, *built.live.offered, settings)
    built.services.update({type(service): service for service in offered})
    built.services[FieldCipher] = cipher
    if settings.file_scan.clamd:
        built.services[FileScanner] = ClamAvScanner(settings.file_scan.clamd, settings.file_scan.timeout_s)
    return built


def _of_accounts(base: Ground, built: Bootstrap) -> tuple[object, ...]:
    """Who comes, what they agreed to, what they write and are told."""
    settings, said = base.settings, base.settings.wechat
    return (
        BodyMarks(settings.secret_key.encode()),
        AnswerCache(),
        built.sessions,
        base.access_logs,
        LegalDocuments(),
        Consents(),
        ConsumerLogin(base.wechat, base.cipher, built.sessions, said.appid),
        StaffLogin(base.passwords, built.sessions),
        StaffAccounts(base.passwords),
        built.closures,
        base.pictures,
        base.texts,
        Inbox(),
        base.outgoing,
        MessagePush(said.appid, said.push_token, said.push_aes_key, said.push_mode == "plain"),
    )
