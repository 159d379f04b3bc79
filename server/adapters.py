"""The world outside, as the settings describe it: vendors, storage, carriers."""

import httpx
from redis import Redis as BlockingRedis

from content.pictures import PictureLimits, Pictures
from content.ports import ObjectStorage
from integrations.cloud_live.tencent import TencentLive
from integrations.field_encryption.cipher import KeyRing, RingKey, read_key
from integrations.kuaidi100.service import Kuaidi100
from integrations.local_carrier.service import LocalCarrier
from integrations.object_storage.cold import S3ColdStorage
from integrations.object_storage.folder import FolderStorage
from integrations.object_storage.s3 import S3Storage
from integrations.wechat.background import BackgroundClient
from integrations.wechat.codes import MiniProgramCodes
from integrations.wechat.login import MiniProgramClient
from integrations.wechat_pay.configuration import WeChatPayConfiguration, read_configuration
from integrations.wechat_pay.gateway import WeChatPayGateway
from integrations.wechat_pay.sharing import WeChatProfitSharing
from integrations.wechat_pay.transfers import TransferScene, WeChatTransfers
from logistics.ports import CarrierService
from poverty_alleviation.ports import TransferLimits
from server.settings import PictureSettings, Settings
from server.unreadable_fields import UnreadableFields

NOTICE_PATH = "/v1/webhook/wechat-pay/notices"
TRANSFERS_PATH = "/v1/webhook/wechat-pay/transfers"
TRACKS_PATH = "/v1/webhook/kuaidi100/tracks"


def key_ring(settings: Settings) -> KeyRing:
    """What seals fields. Raises AlgorithmUnavailable for a key of an algorithm that this installation does not have."""
    keys = [
        RingKey(key.name, key.algorithm, read_key(key.secret), key.state == "writing") for key in settings.field_keys
    ]
    return KeyRing(keys, read_key(settings.field_index_key), UnreadableFields().note)


def code_painter(settings: Settings, wechat: MiniProgramClient) -> MiniProgramCodes:
    """WeChat's codes; a trial version opens its own."""
    return MiniProgramCodes(wechat, "release" if settings.environment == "production" else "trial")


def miniprogram_state(settings: Settings) -> str:
    """Which version of the mini-program a message opens."""
    return "formal" if settings.environment == "production" else "trial"


def background_client(settings: Settings) -> BackgroundClient:
    """Blocks: for jobs alone. It connects when it is first used."""
    redis = BlockingRedis.from_url(settings.redis_url, socket_timeout=5, socket_connect_timeout=2)
    wechat = settings.wechat
    return BackgroundClient(wechat.appid, wechat.secret, base=wechat.api_base, redis=redis)


def storage(pictures: PictureSettings) -> ObjectStorage:
    """The bucket, or a folder without one."""
    if not pictures.bucket:
        return FolderStorage(pictures.directory)
    return S3Storage.of(
        bucket=pictures.bucket,
        endpoint=pictures.s3_endpoint,
        region=pictures.s3_region,
        access_key_id=pictures.s3_access_key_id,
        secret_access_key=pictures.s3_secret_access_key,
    )


def cold_storage(settings: Settings) -> S3ColdStorage | None:
    """Where old evidence of live sessions lies; None where it stays on the volume."""
    cold = settings.live.cold
    if not cold.bucket:
        return None
    return S3ColdStorage.of(
        bucket=cold.bucket,
        endpoint=cold.s3_endpoint,
        region=cold.s3_region,
        access_key_id=cold.s3_access_key_id,
        secret_access_key=cold.s3_secret_access_key,
        storage_class=cold.storage_class,
        checksum=cold.s3_checksum,
    )


def pictures(pictures: PictureSettings, storage: ObjectStorage) -> Pictures:
    """The room of pictures on its storage."""
    limits = PictureLimits(pictures.max_bytes, pictures.max_pixels, pictures.consumer_per_day, pictures.staff_per_day)
    return Pictures(storage, pictures.base_url.rstrip("/"), limits)


def carrier_service(settings: Settings, http: httpx.AsyncClient) -> CarrierService | None:
    """Who tracks parcels and prints waybills; None where nobody does."""
    carrier = settings.carrier
    if carrier.service == "local":
        return LocalCarrier(carrier.local_stage_s)
    if carrier.service == "kuaidi100":
        return Kuaidi100(
            customer=carrier.customer,
            key=carrier.key,
            secret=carrier.secret,
            salt=carrier.salt,
            callback_url=settings.public_base_url + TRACKS_PATH,
            poll_base=carrier.poll_base.rstrip("/"),
            api_base=carrier.api_base.rstrip("/"),
            http=http,
        )
    return None


def cloud_live(settings: Settings, http: httpx.AsyncClient) -> TencentLive | None:
    """Who shows a crowded session; None where the county's own line must do."""
    cloud = settings.live.cloud
    if not cloud.push_url:
        return None
    return TencentLive(
        push_url=cloud.push_url.rstrip("/"),
        play_url=cloud.play_url.rstrip("/"),
        push_key=cloud.push_key,
        play_key=cloud.play_key,
        callback_key=cloud.callback_key,
        secret_id=cloud.secret_id,
        secret_key=cloud.secret_key,
        http=http,
        api_base=cloud.api_base.rstrip("/"),
    )


def splitting(settings: Settings, gateway: WeChatPayGateway, http: httpx.AsyncClient) -> WeChatProfitSharing:
    """Commissions split off at WeChat Pay, for the receiver of the settings."""
    pay = settings.wechat_pay
    return WeChatProfitSharing(gateway.configuration, pay.share_receiver or pay.mchid, pay.share_receiver_name, http)


def transfers(settings: Settings, gateway: WeChatPayGateway, http: httpx.AsyncClient) -> WeChatTransfers:
    """Transfers to people by WeChat Pay; it offers none without a scene."""
    pay = settings.wechat_pay
    scene = TransferScene(
        pay.transfer_scene,
        ((pay.transfer_report_type, pay.transfer_report_content),),
        TransferLimits(pay.transfer_least_fen, pay.transfer_most_fen),
        pay.transfer_name_from_fen,
    )
    return WeChatTransfers(gateway.configuration, scene, settings.public_base_url + TRANSFERS_PATH, http)


def wechat_pay(settings: Settings) -> WeChatPayConfiguration:
    """WeChat Pay with its keys read. Raises for keys that cannot be read."""
    pay = settings.wechat_pay
    return read_configuration(
        mode=pay.mode,
        appid=settings.wechat.appid,
        mchid=pay.mchid,
        certificate_serial=pay.cert_serial,
        private_key_pem=pay.private_key_file.read_bytes(),
        apiv3_key=pay.apiv3_key,
        public_key_id=pay.public_key_id,
        public_key_pem=pay.public_key_file.read_bytes() if pay.public_key_file else b"",
        platform_certificates=tuple(file.read_bytes() for file in pay.platform_cert_files),
        notify_url=settings.public_base_url + NOTICE_PATH,
        bases=pay.bases,
    )
