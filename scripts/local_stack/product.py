"""The product's own processes and the environment that they read (names: ``server.settings``)."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from scripts.demo_county.payees import PAYEES, YEAR_PAYEES
from scripts.local_stack.probes import accepts, answers_http
from scripts.local_stack.programs import Program, plain_environment

ROOT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"
SETTLE_S = 1.5

SETTINGS = (
    "LONGCHUAN_ENV",
    "DATABASE_URL",
    "DATABASE_POOL_MAX",
    "MIGRATE_DATABASE_URL",
    "REDIS_URL",
    "API_HOST",
    "API_PORT",
    "API_DRAIN_S",
    "TRUSTED_PROXIES",
    "PUBLIC_BASE_URL",
    "ALLOWED_ORIGINS",
    "FLV_HOST",
    "FLV_PORT",
    "SECRET_KEY",
    "FIELD_KEYS",
    "FIELD_INDEX_KEY",
    "LEDGER_SIGNING_KEY",
    "LEDGER_FORMER_KEYS",
    "WECHAT_APPID",
    "WECHAT_APPSECRET",
    "WECHAT_PUSH_TOKEN",
    "WECHAT_PUSH_AES_KEY",
    "WECHAT_COMBINED_SHIPPING",
    "WECHAT_API_BASE",
    "WECHAT_PAY_BASES",
    "WECHAT_PAY_MODE",
    "WECHAT_PAY_MCHID",
    "WECHAT_PAY_CERT_SERIAL",
    "WECHAT_PAY_PRIVATE_KEY_FILE",
    "WECHAT_PAY_APIV3_KEY",
    "WECHAT_PAY_PUBLIC_KEY_ID",
    "WECHAT_PAY_PUBLIC_KEY_FILE",
    "WECHAT_PAY_PLATFORM_CERT_FILES",
    "WECHAT_PAY_SHARE_RECEIVER",
    "WECHAT_PAY_SHARE_RECEIVER_NAME",
    "WECHAT_PAY_SHARE_LIMIT_BP",
    "WECHAT_PAY_TRANSFER_SCENE",
    "WECHAT_PAY_TRANSFER_REPORT_TYPE",
    "WECHAT_PAY_TRANSFER_REPORT_CONTENT",
    "WECHAT_PAY_TRANSFER_LEAST_FEN",
    "WECHAT_PAY_TRANSFER_MOST_FEN",
    "WECHAT_PAY_TRANSFER_NAME_FROM_FEN",
    "RTMP_PUBLISH_URL",
    "RTMP_INTERNAL_URL",
    "MEDIA_STAT_URL",
    "MEDIA_CONTROL_URL",
    "MEDIA_CALLBACK_SECRET",
    "MEDIA_DIR",
    "MEDIA_LOW_WATER_PERCENT",
    "MEDIA_QUOTA_BYTES",
    "MEDIA_QUOTA_WARNING_PERCENT",
    "MEDIA_SECOND_RUNG",
    "RELAY_OUT_TRIALS",
    "ROOM_PAGES",
    "HOST_IDENTITY_DAYS",
    "LIVE_SIGNERS",
    "FEED_SOCKETS",
    "FEED_PING_S",
    "FEED_PONG_S",
    "HLS_BASE_URL",
    "FLV_BASE_URL",
    "FFMPEG_PATH",
    "CLOUD_LIVE_PUSH_URL",
    "CLOUD_LIVE_PLAY_URL",
    "CLOUD_LIVE_PUSH_KEY",
    "CLOUD_LIVE_PLAY_KEY",
    "CLOUD_LIVE_CALLBACK_KEY",
    "CLOUD_LIVE_SECRET_ID",
    "CLOUD_LIVE_SECRET_KEY",
    "CLOUD_LIVE_API_BASE",
    "CLOUD_LIVE_OWN_VIEWERS",
    "LIVE_COLD_BUCKET",
    "LIVE_COLD_S3_ENDPOINT",
    "LIVE_COLD_S3_REGION",
    "LIVE_COLD_S3_ACCESS_KEY_ID",
    "LIVE_COLD_S3_SECRET_ACCESS_KEY",
    "LIVE_COLD_S3_CHECKSUM",
    "LIVE_COLD_STORAGE_CLASS",
    "LIVE_COLD_AFTER_DAYS",
    "LIVE_COLD_RETURNS_PER_PERSON",
    "PICTURES_BASE_URL",
    "PICTURES_DIRECTORY",
    "PICTURES_BUCKET",
    "PICTURES_S3_ENDPOINT",
    "PICTURES_S3_REGION",
    "PICTURES_S3_ACCESS_KEY_ID",
    "PICTURES_S3_SECRET_ACCESS_KEY",
    "PICTURES_MAX_BYTES",
    "PICTURES_MAX_PIXELS",
    "PICTURES_CONSUMER_PER_DAY",
    "PICTURES_STAFF_PER_DAY",
    "FILE_SCAN_CLAMD",
    "FILE_SCAN_TIMEOUT_S",
    "SCAN_FARMERS_FROM",
    "VIEWS_PER_HOUR",
    "REVIEW_WINDOW_DAYS",
    "INVOICE_WINDOW_DAYS",
    "OWN_DATA_CLOSURE_COOLING_DAYS",
    "OWN_DATA_TRADE_RETENTION_DAYS",
    "OWN_DATA_LIVE_RETENTION_DAYS",
    "OWN_DATA_EXPORTS_PER_DAY",
    "STORY_WORDS",
    "STORY_CONSENT_DAYS",
    "CARRIER_SERVICE",
    "CARRIER_CUSTOMER",
    "CARRIER_KEY",
    "CARRIER_SECRET",
    "CARRIER_SALT",
    "CARRIER_PAUSE_S",
    "CARRIER_LOCAL_STAGE_S",
    "LOG_LEVEL",
)
SANDBOX_SETTINGS = (
    "WECHAT_APPID",
    "WECHAT_APPSECRET",
    "WECHAT_PAY_MCHID",
    "WECHAT_PAY_APIV3_KEY",
    "WECHAT_PAY_PUBLIC_KEY_ID",
    "WECHAT_PAY_CERT_SERIAL",
    "WECHAT_PUSH_TOKEN",
    "WECHAT_PUSH_AES_KEY",
)
# A given setting means that this part stands elsewhere and is not started.
STANDS_ELSEWHERE = {
    "postgres": ("DATABASE_URL",),
    "redis": ("REDIS_URL",),
    "nginx": ("RTMP_INTERNAL_URL", "MEDIA_STAT_URL"),
    "wechat-sandbox": ("WECHAT_API_BASE", "WECHAT_PAY_BASES"),
}
PRODUCT = ("api", "dispatcher", "worker", "beat", "flv-relay", "live-supervisor", "wechat-sandbox")
EVERYTHING = ("postgres", "redis", "nginx", *PRODUCT)


def product_environment(
    state: Path,
    ports: Mapping[str, int],
    secrets: Mapping[str, str],
    keys: Mapping[str, Path],
    stores: Mapping[str, str],
    given: Mapping[str, str],
) -> dict[str, str]:
    """Every setting of the product by name; ``given`` ones win over what this machine made up.

    ``stores`` are the settings that the local servers bring: addresses of database and Redis, folders,
    ffmpeg.
    """
    api = f"http://{HOST}:{ports['api']}"
    sandbox = f"http://{HOST}:{ports['sandbox']}"
    rtmp = f"rtmp://{HOST}:{ports['rtmp']}/live"
    control = f"http://{HOST}:{ports['media_control']}"
    made = {
        "LONGCHUAN_ENV": "development",
        "LONGCHUAN_STATE_DIR": str(state),
        "API_HOST": HOST,
        "API_PORT": str(ports["api"]),
        "PUBLIC_BASE_URL": api,
        "ALLOWED_ORIGINS": f"https://servicewechat.com,{api},{sandbox}",
        "FLV_HOST": HOST,
        "FLV_PORT": str(ports["flv"]),
        "WECHAT_API_BASE": sandbox,
        "WECHAT_PAY_BASES": sandbox,
        "WECHAT_PAY_MODE": "partner",
        "WECHAT_PAY_SHARE_RECEIVER_NAME": "示例县域电商公司",
        "WECHAT_PAY_TRANSFER_SCENE": "1009",
        "WECHAT_PAY_PRIVATE_KEY_FILE": str(keys["merchant_private"]),
        "WECHAT_PAY_PUBLIC_KEY_FILE": str(keys["wechat_public"]),
        "RTMP_PUBLISH_URL": rtmp,
        "RTMP_INTERNAL_URL": rtmp,
        "MEDIA_STAT_URL": f"{control}/stat",
        "MEDIA_CONTROL_URL": f"{control}/control",
        "HLS_BASE_URL": f"http://{HOST}:{ports['hls']}/hls",
        "FLV_BASE_URL": f"http://{HOST}:{ports['flv']}/live",
        "CARRIER_SERVICE": "local",
        "CARRIER_PAUSE_S": "10",
        **{name: value for name, value in secrets.items() if name in SETTINGS},
        **stores,
    }
    return {**made, **{name: value for name, value in given.items() if name in SETTINGS}}


def product_programs(
    environment: Mapping[str, str], state: Path, keys: Mapping[str, Path], sandbox_port: int
) -> list[Program]:
    """The product's processes, in the order in which they start."""
    settings = {**plain_environment(), **environment}
    settings.pop("MIGRATE_DATABASE_URL", None)  # no process that serves knows the owner's password
    api_port, flv_port = int(environment["API_PORT"]), int(environment["FLV_PORT"])

    def python(name: str, *words: str, ready: Callable[[], bool] | None = None, signal_group: bool = True) -> Program:
        return Program(
            name=name,
            argv=(sys.executable, "-m", *words),
            directory=ROOT,
            environment=settings,
            ready=ready,
            settle_s=0.0 if ready else SETTLE_S,
            signal_group=signal_group,
        )

    celery = ("celery", "-A", "server.celery_app")
    return [
        python("api", "server.app", ready=lambda: answers_http(api_port, "/health/ready")),
        python("dispatcher", "server.dispatcher"),
        # The worker finishes its task and its children with it: a signal to the whole group would cut them
        # off.
        python("worker", *celery, "worker", "--concurrency=2", "--loglevel=INFO", signal_group=False),
        python("beat", *celery, "beat", "--loglevel=INFO", f"--schedule={state / 'run' / 'celery-beat'}"),
        python("flv-relay", "server.flv_relay", ready=lambda: accepts(flv_port)),
        python("live-supervisor", "server.live_supervisor"),
        sandbox_program(environment, state, keys, sandbox_port),
    ]


def sandbox_program(environment: Mapping[str, str], state: Path, keys: Mapping[str, Path], port: int) -> Program:
    """The WeChat that is not there; it knows what WeChat would know, none of the product's own secrets."""
    return Program(
        name="wechat-sandbox",
        argv=(sys.executable, "-m", "scripts.wechat_sandbox"),
        directory=ROOT,
        environment={
            **plain_environment(),
            **{name: environment[name] for name in SANDBOX_SETTINGS},
            "SANDBOX_HOST": HOST,
            "SANDBOX_PORT": str(port),
            "SANDBOX_STATE_DIR": str(state / "wechat-sandbox"),
            "SANDBOX_MERCHANT_PUBLIC_KEY_FILE": str(keys["merchant_public"]),
            "SANDBOX_PRIVATE_KEY_FILE": str(keys["wechat_private"]),
            "SANDBOX_SUB_MCHIDS": ",".join(
                [f"{number}={name}" for name, number in PAYEES.items()]
                + [f"{number}=示例合作社{place:02d}" for place, number in enumerate(YEAR_PAYEES, 1)]
            ),
            "PRODUCT_BASE_URL": environment["PUBLIC_BASE_URL"],
        },
        ready=lambda: accepts(port),
        early=True,
    )
