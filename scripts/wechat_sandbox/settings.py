"""What the sandbox is told at its start (from the environment), and what may be changed while it runs."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from scripts.wechat_sandbox.records import FinalState

SigningMode = Literal["public_key", "certificate", "both"]


class Conditions(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """How this WeChat behaves just now; ``PATCH /sandbox/settings`` changes single members.

    ``clock_scale`` multiplies every waiting time of WeChat (retry intervals, refund spacing, the minute
    before shipping information is accepted); it never touches absolute moments such as ``time_expire`` or
    signature timestamps. ``share_*`` are those of profit sharing: the limit of a merchant, the minute before a split,
    after what the money is unfrozen by itself, how long a split takes, and what becomes of it.
    ``fee_rate_ppm`` is the merchant's rate in millionths: 6000 is 0.60 %.
    ``bills_ready`` is ``documented`` (the day after, from 10:00 China time) or ``at_once`` (also for the
    day that has not ended).
    """

    clock_scale: Annotated[float, msgspec.Meta(gt=0, le=10)] = 1.0
    signing_mode: SigningMode = "public_key"
    notice_public_key_percent: Annotated[int, msgspec.Meta(ge=0, le=100)] = 50
    fee_rate_ppm: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 6000
    refund_seconds: Annotated[int, msgspec.Meta(ge=0, le=86_400)] = 3
    refund_outcome: FinalState = "SUCCESS"
    refund_spacing_seconds: Annotated[int, msgspec.Meta(ge=0, le=3600)] = 60
    refund_limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 50
    refund_checks_balance: bool = False
    bills_ready: Literal["documented", "at_once"] = "documented"
    bill_has_bom: bool = True
    share_limit_bp: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 3000
    share_wait_seconds: Annotated[int, msgspec.Meta(ge=0, le=3600)] = 60
    share_frozen_seconds: Annotated[int, msgspec.Meta(ge=0, le=30 * 86_400)] = 30 * 86_400
    share_seconds: Annotated[int, msgspec.Meta(ge=0, le=3600)] = 3
    share_outcome: Literal["SUCCESS", "CLOSED"] = "SUCCESS"
    share_return_outcome: Literal["SUCCESS", "FAILED"] = "SUCCESS"
    shipping_wait_seconds: Annotated[int, msgspec.Meta(ge=0, le=3600)] = 60
    media_suggest: Literal["pass", "review", "risky"] = "pass"
    media_check_seconds: Annotated[int, msgspec.Meta(ge=0, le=7200)] = 2
    login_limit_per_minute: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 100
    risky_words: dict[str, int] = msgspec.field(
        default_factory=lambda: {"加微信": 10001, "赌博": 20006, "傻瓜": 20003, "刷单返利": 20008}
    )


@dataclass(frozen=True)
class Settings:
    """What stands fixed for one run of the process."""

    host: str
    port: int
    state_dir: Path
    merchant_public_key_file: Path
    private_key_file: Path
    appid: str
    app_secret: str
    mchid: str
    merchant_serial: str
    apiv3_key: str
    public_key_id: str
    push_token: str
    push_aes_key: str
    product_base_url: str
    push_url: str
    sub_mchids: tuple[tuple[str, str], ...] = ()
    conditions: Conditions = field(default_factory=Conditions)


def _sub_merchants(text: str) -> tuple[tuple[str, str], ...]:
    """``1900000001=名称,1900000002``: numbers separated by commas, each with a name if it has one."""
    parts = (part.strip().partition("=") for part in text.split(",") if part.strip())
    return tuple((number.strip(), name.strip()) for number, _, name in parts)


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the environment.

    Raise SystemExit with one clear line when a value is missing or has the wrong shape.
    """

    def required(name: str) -> str:
        value = environment.get(name, "").strip()
        if not value:
            raise SystemExit(f"wechat_sandbox: the environment variable {name} is missing")
        return value

    product = environment.get("PRODUCT_BASE_URL", "http://127.0.0.1:8000").rstrip("/")
    settings = Settings(
        host=environment.get("SANDBOX_HOST", "127.0.0.1"),
        port=int(environment.get("SANDBOX_PORT", "0")),
        state_dir=Path(required("SANDBOX_STATE_DIR")),
        merchant_public_key_file=Path(required("SANDBOX_MERCHANT_PUBLIC_KEY_FILE")),
        private_key_file=Path(required("SANDBOX_PRIVATE_KEY_FILE")),
        appid=required("WECHAT_APPID"),
        app_secret=required("WECHAT_APPSECRET"),
        mchid=required("WECHAT_PAY_MCHID"),
        merchant_serial=required("WECHAT_PAY_CERT_SERIAL"),
        apiv3_key=required("WECHAT_PAY_APIV3_KEY"),
        public_key_id=required("WECHAT_PAY_PUBLIC_KEY_ID"),
        push_token=environment.get("WECHAT_PUSH_TOKEN", ""),
        push_aes_key=environment.get("WECHAT_PUSH_AES_KEY", ""),
        product_base_url=product,
        push_url=environment.get("SANDBOX_PUSH_URL", product + "/v1/webhook/wechat/messages"),
        sub_mchids=_sub_merchants(environment.get("SANDBOX_SUB_MCHIDS", "")),
        conditions=Conditions(
            clock_scale=float(environment.get("SANDBOX_CLOCK_SCALE", "1.0")),
            bills_ready="at_once" if environment.get("SANDBOX_BILLS_READY") == "at_once" else "documented",
        ),
    )
    if len(settings.apiv3_key.encode()) != 32:
        raise SystemExit("wechat_sandbox: WECHAT_PAY_APIV3_KEY must have 32 bytes")
    if not settings.public_key_id.startswith("PUB_KEY_ID_"):
        raise SystemExit("wechat_sandbox: WECHAT_PAY_PUBLIC_KEY_ID must begin with PUB_KEY_ID_")
    if settings.push_aes_key and len(settings.push_aes_key) != 43:
        raise SystemExit("wechat_sandbox: WECHAT_PUSH_AES_KEY must have 43 characters")
    return settings
