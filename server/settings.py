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
from server.environment import Bounds, named, out_of_bounds, several
from server.key_settings import FieldKeySettings, key_trees, keys_not_to_seal_with
from server.live_settings import LiveSettings, cloud_lacks, cold_lacks, live_bounds, live_tree

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
    ``story_words`` those that no public story may say, the house's own list when there are none;
    ``ledger_former_keys`` the public keys of earlier ``ledger_signing_key``.
    """

    environment: Literal["development", "production"]
    state_directory: Path
    api_host: str
    api_port: int
    api_drain_s: float
    trusted_proxies: int
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
    live: LiveSettings
    pictures: PictureSettings
    review_window_days: int
    scan_farmers_from: int
    views_per_hour: int
    presale_days: int
    invoice_window_days: int
    own_data: OwnDataSettings
    carrier: CarrierSettings = CarrierSettings()
    file_scan: FileScanSettings = FileScanSettings()
    story_words: tuple[str, ...] = ()
    story_consent_days: int = 1096
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
        "public_base_url": env.get("PUBLIC_BASE_URL", "http://127.0.0.1:8000").rstrip("/"),
        "allowed_origins": several(env.get("ALLOWED_ORIGINS", "https://servicewechat.com")),
        "redis_url": env.get("REDIS_URL", "redis://127.0.0.1:6379/0"),
        "secret_key": env.get("SECRET_KEY", ""),
        "field_keys": key_trees(env.get("FIELD_KEYS", "")),
        "field_index_key": env.get("FIELD_INDEX_KEY", ""),
        "ledger_signing_key": env.get("LEDGER_SIGNING_KEY", ""),
        "ledger_former_keys": several(env.get("LEDGER_FORMER_KEYS", "")),
        "database": {"url": env.get("DATABASE_URL", ""), **named(env, DatabaseSettings, _OWNER, "DATABASE_")},
        "wechat": named(env, WeChatSettings, {"secret": "WECHAT_APPSECRET"}, "WECHAT_"),
        "wechat_pay": _pay(env),
        "live": live_tree(env, state, is_development=environment == "development"),
        "review_window_days": env.get("REVIEW_WINDOW_DAYS", "180"),
        "scan_farmers_from": env.get("SCAN_FARMERS_FROM", "3"),
        "views_per_hour": env.get("VIEWS_PER_HOUR", "200"),
        "presale_days": env.get("PRESALE_DAYS", "90"),
        "invoice_window_days": env.get("INVOICE_WINDOW_DAYS", "180"),
        "own_data": named(env, OwnDataSettings, {}, "OWN_DATA_"),
        "pictures": {
            "directory": str(state / "pictures"),
            "base_url": env.get("PUBLIC_BASE_URL", "http://127.0.0.1:8000").rstrip("/") + "/pictures",
            **named(env, PictureSettings, {}, "PICTURES_"),
        },
        "carrier": named(env, CarrierSettings, {}, "CARRIER_"),
        "file_scan": named(env, FileScanSettings, {}, "FILE_SCAN_"),
        "story_words": several(env.get("STORY_WORDS", "")),
        "story_consent_days": env.get("STORY_CONSENT_DAYS", "1096"),
        "log_level": env.get("LOG_LEVEL", "INFO"),
    }


def _pay(env: Mapping[str, str]) -> dict[str, object]:
    pay = named(env, WeChatPaySettings, {}, "WECHAT_PAY_")
    for member in ("bases", "platform_cert_files"):
        if member in pay:
            pay[member] = several(str(pay[member]))
    if not pay.get("public_key_file"):
        pay.pop("public_key_file", None)
    return pay


def _reasons_not_to_start(s: Settings) -> list[str]:
    """What is missing or out of bounds anywhere, and what production refuses: local twins, defaults, weak secrets."""
    reasons = [*_missing(s), *out_of_bounds([*_bounds(s), *live_bounds(s.live)])]
    if s.environment == "production":
        reasons += [*_local_twins(s), *_open_doors(s)]
    return reasons


def _missing(s: Settings) -> Iterator[str]:
    if not s.database.url:
        yield "DATABASE_URL is not set"
    for name, secret in (
        ("SECRET_KEY", s.secret_key),
        ("LEDGER_SIGNING_KEY", s.ledger_signing_key),
        ("MEDIA_CALLBACK_SECRET", s.live.media.callback_secret),
    ):
        if secret.lower() in WEAK_SECRETS or len(secret) < 32:
            yield f"{name} must be a secret of 32 characters or more"
    if not re.fullmatch("[0-9a-fA-F]{64}", s.ledger_signing_key) or len(set(s.ledger_signing_key)) < 8:
        yield "LEDGER_SIGNING_KEY must be 64 random hexadecimal digits"
    if not all(re.fullmatch("[0-9a-f]{64}", key) for key in s.ledger_former_keys):
        yield "LEDGER_FORMER_KEYS must be public keys of 64 hexadecimal digits"
    yield from keys_not_to_seal_with(s.field_keys, s.field_index_key)
    if s.pictures.bucket and not (s.pictures.s3_access_key_id and s.pictures.s3_secret_access_key):
        yield "PICTURES_BUCKET needs PICTURES_S3_ACCESS_KEY_ID and PICTURES_S3_SECRET_ACCESS_KEY"
    if s.file_scan.clamd and not is_clamd_address(s.file_scan.clamd):
        yield "FILE_SCAN_CLAMD must be tcp://host:port or unix:///path"
    if len(s.wechat_pay.apiv3_key.encode()) != 32:
        yield "WECHAT_PAY_APIV3_KEY must have 32 bytes"
    if not s.wechat_pay.public_key_id and not s.wechat_pay.platform_cert_files:
        yield "WECHAT_PAY_PUBLIC_KEY_ID or WECHAT_PAY_PLATFORM_CERT_FILES must be set"
    yield from cloud_lacks(s.live.cloud)
    yield from cold_lacks(s.live.cold)
    if s.carrier.service == "kuaidi100" and (
        not (s.carrier.customer and s.carrier.key and s.carrier.secret) or len(s.carrier.salt) < 16
    ):
        yield "CARRIER_CUSTOMER, CARRIER_KEY, CARRIER_SECRET and a CARRIER_SALT of 16 characters must be set"


def _bounds(s: Settings) -> Iterator[Bounds]:
    own, pay = s.own_data, s.wechat_pay
    yield Bounds("API_DRAIN_S", s.api_drain_s, 0, 60)
    yield Bounds("TRUSTED_PROXIES", s.trusted_proxies, 0, 10)
    yield Bounds("REVIEW_WINDOW_DAYS", s.review_window_days, 1, 3650)
    yield Bounds("SCAN_FARMERS_FROM", s.scan_farmers_from, 3, 1000)
    yield Bounds("VIEWS_PER_HOUR", s.views_per_hour, 1, 1000, ": what one account may look at of households")
    yield Bounds("PRESALE_DAYS", s.presale_days, 1, 330, ": as far ahead as WeChat takes a pre-sale")
    yield Bounds("STORY_CONSENT_DAYS", s.story_consent_days, 1, 3653, ": the longest that a consent to a story holds")
    yield Bounds("INVOICE_WINDOW_DAYS", s.invoice_window_days, 0, 1827)
    yield Bounds("OWN_DATA_CLOSURE_COOLING_DAYS", own.closure_cooling_days, 0, 60)
    yield Bounds("OWN_DATA_TRADE_RETENTION_DAYS", own.trade_retention_days, *KEPT_DAYS, ": e-commerce law, article 31")
    yield Bounds("OWN_DATA_LIVE_RETENTION_DAYS", own.live_retention_days, *KEPT_DAYS, ": records of live commerce")
    yield Bounds("OWN_DATA_EXPORTS_PER_DAY", own.exports_per_day, 1, 100)
    yield Bounds("PICTURES_MAX_BYTES", s.pictures.max_bytes, 64 * 1024, 10 * 1024 * 1024)
    yield Bounds("WECHAT_PAY_SHARE_LIMIT_BP", pay.share_limit_bp, 0, 3000, ": the most that WeChat Pay splits")
    yield Bounds("WECHAT_PAY_TRANSFER_LEAST_FEN", pay.transfer_least_fen, 1, pay.transfer_most_fen)
    yield Bounds("WECHAT_PAY_TRANSFER_MOST_FEN", pay.transfer_most_fen, pay.transfer_least_fen, 100_000_00)
    name_from = pay.transfer_name_from_fen
    yield Bounds("WECHAT_PAY_TRANSFER_NAME_FROM_FEN", name_from, 30, 2_000_00, ": WeChat wants the name above")
    yield Bounds("FILE_SCAN_TIMEOUT_S", s.file_scan.timeout_s, 1, 25, ": within the time of a request")
    yield Bounds("CARRIER_PAUSE_S", s.carrier.pause_s, 10, 86400)
    yield Bounds("CARRIER_LOCAL_STAGE_S", s.carrier.local_stage_s, 1, 86400)


def _local_twins(s: Settings) -> Iterator[str]:
    """Stand-ins of vendors, in production."""
    if s.live.relay_trials:
        yield "RELAY_OUT_TRIALS is for trials: production hands broadcasts on to public servers alone"
    if s.carrier.service == "local":
        yield "production has no local carrier"
    if not all(_is_at(base, ".kuaidi100.com") for base in (s.carrier.poll_base, s.carrier.api_base)):
        yield "production talks to Kuaidi100 itself, never to a stand-in"
    if not _is_at(s.live.cloud.api_base, ".tencentcloudapi.com"):
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
    if s.live.cloud.push_url and not s.live.cloud.play_url.startswith("https://"):
        yield "CLOUD_LIVE_PLAY_URL must be https in production"
    if not s.public_base_url.startswith("https://"):
        yield "PUBLIC_BASE_URL must be https in production"
    if s.live.cold.bucket and not s.live.cold.s3_endpoint.startswith("https://"):
        yield "LIVE_COLD_S3_ENDPOINT must be https in production"
    if urlsplit(s.pictures.base_url).scheme != "https":
        yield "PICTURES_BASE_URL must be https in production"
    if urlsplit(s.pictures.base_url).hostname == urlsplit(s.public_base_url).hostname:
        yield "PICTURES_BASE_URL must be another host than PUBLIC_BASE_URL in production"
    if s.state_directory.is_relative_to(tempfile.gettempdir()):
        yield "LONGCHUAN_STATE_DIR may not be a temporary directory in production"
