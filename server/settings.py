"""One frozen, typed tree of settings, read once from the environment. Nothing else reads the environment."""

import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from integrations.clamav.scanner import is_clamd_address
from integrations.field_encryption.algorithms import ALGORITHMS
from integrations.field_encryption.cipher import read_key

WEAK_SECRETS = ("", "change-me", "secret", "development")
KEPT_DAYS = (1096, 36525)
"""The least that the law asks for, three years, and the most that is taken for a retention."""


class SettingsInvalid(Exception):
    """The environment does not describe a system that may start; the message lists every reason."""


class DatabaseSettings(msgspec.Struct, frozen=True):
    """PostgreSQL. Timeouts bound every wait (reliability reference 3).

    ``url`` logs in as the application's role, ``migrate_url`` as the owner of the tables (``migrate`` alone; without
    it the application's role owns them, which production refuses). ``waits_for_disk``: a commit is answered when it is
    on disk; only a program that begins anew after a crash does without (``scripts/seed``), and production refuses that.
    """

    url: str
    migrate_url: str = ""
    pool_max: int = 10
    command_timeout_s: int = 10
    lock_timeout_ms: int = 5000
    statement_timeout_ms: int = 10000
    waits_for_disk: bool = True


class WeChatSettings(msgspec.Struct, frozen=True):
    """The mini-program and its message push (wechat reference 2.1, 2.10).

    ``combined_shipping``: goods of combined payments are told as parts of them (wechat reference 2.7; decision 0037).
    """

    appid: str
    secret: str
    api_base: str = "https://api.weixin.qq.com"
    push_token: str = ""
    push_aes_key: str = ""
    push_mode: Literal["safe", "plain"] = "safe"
    combined_shipping: bool = False


class WeChatPaySettings(msgspec.Struct, frozen=True):
    """WeChat Pay v3 (wechat reference 2.2, 2.3). ``mchid`` is the provider's in partner mode.

    ``share_receiver`` gets the commissions that are split off (the provider when empty), under its full registered
    name; without the name nothing is split. ``share_limit_bp`` is the most of a payment, in basis points.

    ``transfer_scene`` is the scene of transfers that WeChat has granted; without it nobody is paid by transfer. What it
    reports and its limits are WeChat's and the merchant's own (wechat reference 2.6, unverified).
    """

    mchid: str
    cert_serial: str
    private_key_file: Path
    apiv3_key: str
    mode: Literal["partner", "direct"] = "partner"
    bases: tuple[str, ...] = ("https://api.mch.weixin.qq.com", "https://api2.mch.weixin.qq.com")
    public_key_id: str = ""
    public_key_file: Path | None = None
    platform_cert_files: tuple[Path, ...] = ()
    share_receiver: str = ""
    share_receiver_name: str = ""
    share_limit_bp: int = 3000
    transfer_scene: str = ""
    transfer_report_type: str = "采购商品名称"
    transfer_report_content: str = "农产品"
    transfer_least_fen: int = 10
    transfer_most_fen: int = 2_000_000
    transfer_name_from_fen: int = 30


class MediaSettings(msgspec.Struct, frozen=True):
    """The media server, the relay and where recordings are kept (live reference 0, 2).

    With less than ``low_water_percent`` of the volume free, or with ``quota_bytes`` of pictures and files (0: no
    quota), no new broadcast begins; from ``quota_warning_percent`` of that on files of clips give way. With
    ``second_rung`` hosts may ask for a rendition of 480 lines, as long as a core is free.
    """

    directory: Path
    callback_secret: str
    rtmp_publish_url: str = "rtmp://127.0.0.1:1935/live"
    rtmp_internal_url: str = "rtmp://127.0.0.1:1935/live"
    stat_url: str = "http://127.0.0.1:8081/stat"
    control_url: str = "http://127.0.0.1:8081/control"
    hls_base_url: str = "http://127.0.0.1:8081/hls"
    flv_base_url: str = "http://127.0.0.1:8082/live"
    ffmpeg_path: str = "ffmpeg"
    low_water_percent: int = 10
    quota_bytes: int = 0
    quota_warning_percent: int = 80
    second_rung: bool = False

    @property
    def rung_url(self) -> str:
        """Where small renditions are given to the media server: the application beside that of the streams."""
        return f"{self.rtmp_internal_url.rpartition('/')[0]}/rung"


class FeedSettings(msgspec.Struct, frozen=True):
    """Sockets of live rooms. ``sockets`` is how many one process holds before it sends others away (live reference 3:
    3,000 at four frames a second); one that has not answered a ping of every ``ping_s`` within ``pong_s`` is closed.
    """

    sockets: int = 6000
    ping_s: int = 20
    pong_s: int = 20


class CloudLiveSettings(msgspec.Struct, frozen=True):
    """Tencent CSS, for viewers beyond ``own_viewers`` of a session; none without a ``push_url``.

    ``push_url`` (rtmp) and ``play_url`` end with the application's name. The keys are those of the console's hotlink
    protection and of its callbacks.
    """

    push_url: str = ""
    play_url: str = ""
    push_key: str = ""
    play_key: str = ""
    callback_key: str = ""
    secret_id: str = ""
    secret_key: str = ""
    api_base: str = "https://live.tencentcloudapi.com"
    own_viewers: int = 38


class PictureSettings(msgspec.Struct, frozen=True):
    """Uploaded pictures. Without a bucket they lie below ``directory``. ``base_url`` is an origin of its own."""

    directory: Path
    base_url: str
    bucket: str = ""
    s3_endpoint: str = ""
    s3_region: str = "us-east-1"
    s3_access_key_id: str = ""
    s3_secret_access_key: str = ""
    max_bytes: int = 10 * 1024 * 1024
    max_pixels: int = 40_000_000
    consumer_per_day: int = 100
    staff_per_day: int = 2_000


class ColdSettings(msgspec.Struct, frozen=True):
    """A bucket that speaks S3, where the evidence of live sessions lies from ``after_days`` after its sealing on; none
    without a ``bucket``. ``storage_class`` is the vendor's name of one that is read at once, its own choice when empty.
    """

    bucket: str = ""
    s3_endpoint: str = ""
    s3_region: str = "us-east-1"
    s3_access_key_id: str = ""
    s3_secret_access_key: str = ""
    storage_class: str = ""
    after_days: int = 180


class CarrierSettings(msgspec.Struct, frozen=True):
    """Who tracks parcels and prints waybills: nobody, a local twin (development alone), or Kuaidi100.

    ``salt`` signs what Kuaidi100 pushes; ``secret`` orders for waybills.
    """

    service: Literal["none", "local", "kuaidi100"] = "none"
    customer: str = ""
    key: str = ""
    secret: str = ""
    salt: str = ""
    poll_base: str = "https://poll.kuaidi100.com"
    api_base: str = "https://api.kuaidi100.com"
    pause_s: int = 1800
    local_stage_s: int = 60


class FileScanSettings(msgspec.Struct, frozen=True):
    """The clamd that every file is shown to which comes in: ``tcp://host:port`` or ``unix:///path``; none without."""

    clamd: str = ""
    timeout_s: float = 10


class FieldKeySettings(msgspec.Struct, frozen=True):
    """One key of the ring that seals fields: ``state`` is writing, of one key alone, or reading (decision 0062)."""

    name: str
    algorithm: str
    state: str
    secret: str


class OwnDataSettings(msgspec.Struct, frozen=True):
    """What consumers may ask of their own data, and how long the house keeps what it must.

    ``trade_retention_days``: records of a trade are kept for at least three years after its end (e-commerce law,
    article 31; domain reference 5). ``live_retention_days``: so is what was said in a live room (measures for online
    trade, article 20; domain reference 5). ``closure_cooling_days`` is the house's own choice: PIPL names no number.
    """

    closure_cooling_days: int = 7
    trade_retention_days: int = 1096
    live_retention_days: int = 1096
    exports_per_day: int = 3


class Settings(msgspec.Struct, frozen=True):
    """Everything that differs between two installations.

    ``views_per_hour`` is how many looks at households' masked fields one account may take within an hour;
    ``api_drain_s`` how long an API process that was told to stop serves on while its readiness says draining;
    ``trusted_proxies`` how many proxies stand in front of it and append to X-Forwarded-For;
    ``room_pages`` whether live rooms have pages in browsers;
    ``story_words`` those that no public story may say, the house's own list when there are none; ``live_signers`` the
    county's accounts that sign products before the air, every officer's when there are none;
    ``ledger_former_keys`` the public keys of earlier ``ledger_signing_key``.
    """

    environment: Literal["development", "production"]
    state_directory: Path
    api_host: str
    api_port: int
    api_drain_s: float
    trusted_proxies: int
    flv_host: str
    flv_port: int
    public_base_url: str
    allowed_origins: tuple[str, ...]
    redis_url: str
    secret_key: str
    field_keys: tuple[FieldKeySettings, ...]
    field_index_key: str
    ledger_signing_key: str
    ledger_former_keys: tuple[str, ...]
    database: DatabaseSettings
    wechat: WeChatSettings
    wechat_pay: WeChatPaySettings
    media: MediaSettings
    pictures: PictureSettings
    review_window_days: int
    scan_farmers_from: int
    views_per_hour: int
    presale_days: int
    invoice_window_days: int
    own_data: OwnDataSettings
    feed: FeedSettings = FeedSettings()
    carrier: CarrierSettings = CarrierSettings()
    cloud_live: CloudLiveSettings = CloudLiveSettings()
    cold: ColdSettings = ColdSettings()
    file_scan: FileScanSettings = FileScanSettings()
    story_words: tuple[str, ...] = ()
    story_consent_days: int = 1096
    host_identity_days: int = 365
    room_pages: bool = False
    live_signers: tuple[str, ...] = ()
    log_level: str = "INFO"


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read and check the settings. Raises :class:`SettingsInvalid` with every reason at once."""
    tree = _tree(os.environ if environ is None else environ)
    try:
        settings = msgspec.convert(tree, Settings, strict=False, dec_hook=lambda kind, value: kind(value))
    except msgspec.ValidationError as error:
        raise SettingsInvalid(f"settings: {error}") from None
    reasons = list(_reasons_not_to_start(settings))
    if reasons:
        raise SettingsInvalid("\n".join(reasons))
    return settings


_OWNER = {"migrate_url": "MIGRATE_DATABASE_URL"}


def _tree(env: Mapping[str, str]) -> dict[str, object]:
    """What the environment says, in the shape of :class:`Settings` and not yet checked."""
    state = Path(env.get("LONGCHUAN_STATE_DIR", ".state")).resolve()
    environment = env.get("LONGCHUAN_ENV", "production")
    return {
        "environment": environment,
        "state_directory": str(state),
        "api_host": env.get("API_HOST", "127.0.0.1"),
        "api_port": env.get("API_PORT", "8000"),
        "api_drain_s": env.get("API_DRAIN_S", "0" if environment == "development" else "5"),
        "trusted_proxies": env.get("TRUSTED_PROXIES", "0"),
        "flv_host": env.get("FLV_HOST", "127.0.0.1"),
        "flv_port": env.get("FLV_PORT", "8082"),
        "public_base_url": env.get("PUBLIC_BASE_URL", "http://127.0.0.1:8000").rstrip("/"),
        "allowed_origins": _several(env.get("ALLOWED_ORIGINS", "https://servicewechat.com")),
        "redis_url": env.get("REDIS_URL", "redis://127.0.0.1:6379/0"),
        "secret_key": env.get("SECRET_KEY", ""),
        "field_keys": [_field_key(each) for each in env.get("FIELD_KEYS", "").replace(",", " ").split()],
        "field_index_key": env.get("FIELD_INDEX_KEY", ""),
        "ledger_signing_key": env.get("LEDGER_SIGNING_KEY", ""),
        "ledger_former_keys": _several(env.get("LEDGER_FORMER_KEYS", "")),
        "database": {"url": env.get("DATABASE_URL", ""), **_named(env, DatabaseSettings, _OWNER, "DATABASE_")},
        "wechat": _named(env, WeChatSettings, {"secret": "WECHAT_APPSECRET"}, "WECHAT_"),
        "wechat_pay": _pay(env),
        "media": _media(env, state),
        "review_window_days": env.get("REVIEW_WINDOW_DAYS", "180"),
        "scan_farmers_from": env.get("SCAN_FARMERS_FROM", "3"),
        "views_per_hour": env.get("VIEWS_PER_HOUR", "200"),
        "presale_days": env.get("PRESALE_DAYS", "90"),
        "invoice_window_days": env.get("INVOICE_WINDOW_DAYS", "180"),
        "own_data": _named(env, OwnDataSettings, {}, "OWN_DATA_"),
        "pictures": {
            "directory": str(state / "pictures"),
            "base_url": env.get("PUBLIC_BASE_URL", "http://127.0.0.1:8000").rstrip("/") + "/pictures",
            **_named(env, PictureSettings, {}, "PICTURES_"),
        },
        "feed": _named(env, FeedSettings, {}, "FEED_"),
        "carrier": _named(env, CarrierSettings, {}, "CARRIER_"),
        "cloud_live": _named(env, CloudLiveSettings, {}, "CLOUD_LIVE_"),
        "cold": _named(env, ColdSettings, {}, "LIVE_COLD_"),
        "file_scan": _named(env, FileScanSettings, {}, "FILE_SCAN_"),
        "story_words": _several(env.get("STORY_WORDS", "")),
        "story_consent_days": env.get("STORY_CONSENT_DAYS", "1096"),
        "host_identity_days": env.get("HOST_IDENTITY_DAYS", "365"),
        "room_pages": env.get("ROOM_PAGES", "1" if environment == "development" else "0"),
        "live_signers": _several(env.get("LIVE_SIGNERS", "")),
        "log_level": env.get("LOG_LEVEL", "INFO"),
    }


def _media(env: Mapping[str, str], state: Path) -> dict[str, object]:
    return {
        "directory": env.get("MEDIA_DIR", str(state / "media")),
        "callback_secret": env.get("MEDIA_CALLBACK_SECRET", ""),
        **_named(
            env,
            MediaSettings,
            {
                "ffmpeg_path": "FFMPEG_PATH",
                "stat_url": "MEDIA_STAT_URL",
                "control_url": "MEDIA_CONTROL_URL",
                "low_water_percent": "MEDIA_LOW_WATER_PERCENT",
                "quota_bytes": "MEDIA_QUOTA_BYTES",
                "quota_warning_percent": "MEDIA_QUOTA_WARNING_PERCENT",
                "second_rung": "MEDIA_SECOND_RUNG",
            },
        ),
    }


def _pay(env: Mapping[str, str]) -> dict[str, object]:
    pay = _named(env, WeChatPaySettings, {}, "WECHAT_PAY_")
    for several in ("bases", "platform_cert_files"):
        if several in pay:
            pay[several] = _several(str(pay[several]))
    if not pay.get("public_key_file"):
        pay.pop("public_key_file", None)
    return pay


def _field_key(text: str) -> dict[str, str]:
    name, algorithm, state, secret = [*text.split(":", 3), "", "", ""][:4]
    return {"name": name, "algorithm": algorithm, "state": state, "secret": secret}


def _several(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _named(
    env: Mapping[str, str], shape: type[msgspec.Struct], names: Mapping[str, str], prefix: str = ""
) -> dict[str, object]:
    """The members of a struct that the environment names, by ``PREFIX_MEMBER`` or by a name of their own."""
    found: dict[str, object] = {}
    for member in shape.__struct_fields__:
        name = names.get(member, prefix + member.upper())
        if name in env:
            found[member] = env[name]
    return found


def _reasons_not_to_start(s: Settings) -> list[str]:
    """What is missing or out of bounds anywhere, and what production refuses: local twins, defaults, weak secrets."""
    reasons = [*_missing(s), *_out_of_bounds(s)]
    if s.environment == "production":
        reasons += [*_local_twins(s), *_open_doors(s)]
    return reasons


def _missing(s: Settings) -> Iterator[str]:
    if not s.database.url:
        yield "DATABASE_URL is not set"
    for name, secret in (
        ("SECRET_KEY", s.secret_key),
        ("LEDGER_SIGNING_KEY", s.ledger_signing_key),
        ("MEDIA_CALLBACK_SECRET", s.media.callback_secret),
    ):
        if secret.lower() in WEAK_SECRETS or len(secret) < 32:
            yield f"{name} must be a secret of 32 characters or more"
    if not re.fullmatch("[0-9a-fA-F]{64}", s.ledger_signing_key) or len(set(s.ledger_signing_key)) < 8:
        yield "LEDGER_SIGNING_KEY must be 64 random hexadecimal digits"
    if not all(re.fullmatch("[0-9a-f]{64}", key) for key in s.ledger_former_keys):
        yield "LEDGER_FORMER_KEYS must be public keys of 64 hexadecimal digits"
    yield from _keys_not_to_seal_with(s)
    if s.pictures.bucket and not (s.pictures.s3_access_key_id and s.pictures.s3_secret_access_key):
        yield "PICTURES_BUCKET needs PICTURES_S3_ACCESS_KEY_ID and PICTURES_S3_SECRET_ACCESS_KEY"
    if s.cold.bucket and not (s.cold.s3_endpoint and s.cold.s3_access_key_id and s.cold.s3_secret_access_key):
        yield "LIVE_COLD_BUCKET needs LIVE_COLD_S3_ENDPOINT, LIVE_COLD_S3_ACCESS_KEY_ID and _SECRET_ACCESS_KEY"
    if s.file_scan.clamd and not is_clamd_address(s.file_scan.clamd):
        yield "FILE_SCAN_CLAMD must be tcp://host:port or unix:///path"
    if len(s.wechat_pay.apiv3_key.encode()) != 32:
        yield "WECHAT_PAY_APIV3_KEY must have 32 bytes"
    if not s.wechat_pay.public_key_id and not s.wechat_pay.platform_cert_files:
        yield "WECHAT_PAY_PUBLIC_KEY_ID or WECHAT_PAY_PLATFORM_CERT_FILES must be set"
    cloud = s.cloud_live
    given = (cloud.play_url, cloud.push_key, cloud.play_key, cloud.callback_key, cloud.secret_id, cloud.secret_key)
    if cloud.push_url and not all(given):
        yield "CLOUD_LIVE_PUSH_URL needs CLOUD_LIVE_PLAY_URL and all keys of CLOUD_LIVE_"
    if s.carrier.service == "kuaidi100" and (
        not (s.carrier.customer and s.carrier.key and s.carrier.secret) or len(s.carrier.salt) < 16
    ):
        yield "CARRIER_CUSTOMER, CARRIER_KEY, CARRIER_SECRET and a CARRIER_SALT of 16 characters must be set"


def _keys_not_to_seal_with(s: Settings) -> Iterator[str]:
    """What is wrong with the ring of keys; no reason quotes a secret."""
    if [key.state for key in s.field_keys].count("writing") != 1:
        yield "FIELD_KEYS must have exactly one key that is writing: id:algorithm:writing:secret"
    names = [key.name for key in s.field_keys]
    if len(set(names)) < len(names) or not all(re.fullmatch("[a-z0-9][a-z0-9-]{0,31}", name) for name in names):
        yield "FIELD_KEYS: every key has an id of its own, of 1 to 32 small letters, digits and hyphens"
    for position, key in enumerate(s.field_keys, start=1):
        if key.algorithm not in ALGORITHMS or key.state not in ("writing", "reading"):
            yield f"FIELD_KEYS: key {position} must be {' or '.join(ALGORITHMS)}, and writing or reading"
    secrets = [("FIELD_INDEX_KEY", s.field_index_key)]
    secrets += [(f"FIELD_KEYS: the secret of key {n}", key.secret) for n, key in enumerate(s.field_keys, start=1)]
    for name, secret in secrets:
        if not _is_strong_key(secret):
            yield f"{name} must be 32 random bytes, as 64 hexadecimal digits or base 64"
    if len({secret for _, secret in secrets}) < len(secrets):
        yield "FIELD_KEYS and FIELD_INDEX_KEY: every secret is another one"


def _is_strong_key(secret: str) -> bool:
    try:
        return len(set(read_key(secret))) >= 8
    except ValueError:
        return False


def _out_of_bounds(s: Settings) -> Iterator[str]:
    own_data, pay = s.own_data, s.wechat_pay
    for name, value, least, most, why in (
        ("API_DRAIN_S", s.api_drain_s, 0, 60, ""),
        ("TRUSTED_PROXIES", s.trusted_proxies, 0, 10, ""),
        ("REVIEW_WINDOW_DAYS", s.review_window_days, 1, 3650, ""),
        ("SCAN_FARMERS_FROM", s.scan_farmers_from, 3, 1000, ""),
        ("VIEWS_PER_HOUR", s.views_per_hour, 1, 1000, ": what one account may look at of households"),
        ("PRESALE_DAYS", s.presale_days, 1, 330, ": as far ahead as WeChat takes a pre-sale"),
        ("HOST_IDENTITY_DAYS", s.host_identity_days, 1, 1827, ": for how long a check of a host's identity holds"),
        ("STORY_CONSENT_DAYS", s.story_consent_days, 1, 3653, ": the longest that a consent to a story holds"),
        ("INVOICE_WINDOW_DAYS", s.invoice_window_days, 0, 1827, ""),
        ("OWN_DATA_CLOSURE_COOLING_DAYS", own_data.closure_cooling_days, 0, 60, ""),
        ("OWN_DATA_TRADE_RETENTION_DAYS", own_data.trade_retention_days, *KEPT_DAYS, ": e-commerce law, article 31"),
        ("OWN_DATA_LIVE_RETENTION_DAYS", own_data.live_retention_days, *KEPT_DAYS, ": records of live commerce"),
        ("LIVE_COLD_AFTER_DAYS", s.cold.after_days, 1, 3653, ""),
        ("OWN_DATA_EXPORTS_PER_DAY", own_data.exports_per_day, 1, 100, ""),
        ("PICTURES_MAX_BYTES", s.pictures.max_bytes, 64 * 1024, 10 * 1024 * 1024, ""),
        ("WECHAT_PAY_SHARE_LIMIT_BP", s.wechat_pay.share_limit_bp, 0, 3000, ": the most that WeChat Pay splits"),
        ("WECHAT_PAY_TRANSFER_LEAST_FEN", pay.transfer_least_fen, 1, pay.transfer_most_fen, ""),
        ("WECHAT_PAY_TRANSFER_MOST_FEN", pay.transfer_most_fen, pay.transfer_least_fen, 100_000_00, ""),
        (
            "WECHAT_PAY_TRANSFER_NAME_FROM_FEN",
            pay.transfer_name_from_fen,
            30,
            2_000_00,
            ": WeChat wants the name above",
        ),
        ("FILE_SCAN_TIMEOUT_S", s.file_scan.timeout_s, 1, 25, ": within the time of a request"),
        ("FEED_SOCKETS", s.feed.sockets, 1, 50_000, ""),
        ("FEED_PING_S", s.feed.ping_s, 1, 300, ""),
        ("FEED_PONG_S", s.feed.pong_s, 1, 300, ""),
        ("MEDIA_QUOTA_BYTES", s.media.quota_bytes, 0, 10**15, ""),
        ("MEDIA_QUOTA_WARNING_PERCENT", s.media.quota_warning_percent, 1, 100, ": of MEDIA_QUOTA_BYTES"),
        ("MEDIA_LOW_WATER_PERCENT", s.media.low_water_percent, 1, 50, ": of the disk must be free for a broadcast"),
        ("CLOUD_LIVE_OWN_VIEWERS", s.cloud_live.own_viewers, 1, 6000, ""),
        ("CARRIER_PAUSE_S", s.carrier.pause_s, 10, 86400, ""),
        ("CARRIER_LOCAL_STAGE_S", s.carrier.local_stage_s, 1, 86400, ""),
    ):
        if not least <= value <= most:
            yield f"{name} must be between {least} and {most}{why}"


def _local_twins(s: Settings) -> Iterator[str]:
    """Stand-ins of vendors, in production."""
    if s.carrier.service == "local":
        yield "production has no local carrier"
    if not all(_is_at(base, ".kuaidi100.com") for base in (s.carrier.poll_base, s.carrier.api_base)):
        yield "production talks to Kuaidi100 itself, never to a stand-in"
    if not _is_at(s.cloud_live.api_base, ".tencentcloudapi.com"):
        yield "production talks to Tencent CSS itself, never to a stand-in"
    if not all(_is_at(base, ".weixin.qq.com") for base in (s.wechat.api_base, *s.wechat_pay.bases)):
        yield "production talks to WeChat itself, never to a sandbox"


def _is_at(address: str, domain: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme == "https" and (parts.hostname or "").endswith(domain)


def _open_doors(s: Settings) -> Iterator[str]:
    """What must be closed in production: unsigned pushes, plain http, one host for pages and pictures, lost state."""
    if s.wechat.push_mode != "safe":
        yield "WECHAT_PUSH_MODE must be safe in production: a plain push is not signed as a whole"
    if not s.wechat.push_token or len(s.wechat.push_aes_key) != 43:
        yield "WECHAT_PUSH_TOKEN and a WECHAT_PUSH_AES_KEY of 43 characters must be set in production"
    if s.cloud_live.push_url and not s.cloud_live.play_url.startswith("https://"):
        yield "CLOUD_LIVE_PLAY_URL must be https in production"
    if not s.public_base_url.startswith("https://"):
        yield "PUBLIC_BASE_URL must be https in production"
    if s.cold.bucket and not s.cold.s3_endpoint.startswith("https://"):
        yield "LIVE_COLD_S3_ENDPOINT must be https in production"
    if urlsplit(s.pictures.base_url).scheme != "https":
        yield "PICTURES_BASE_URL must be https in production"
    if urlsplit(s.pictures.base_url).hostname == urlsplit(s.public_base_url).hostname:
        yield "PICTURES_BASE_URL must be another host than PUBLIC_BASE_URL in production"
    if s.state_directory.is_relative_to(tempfile.gettempdir()):
        yield "LONGCHUAN_STATE_DIR may not be a temporary directory in production"
