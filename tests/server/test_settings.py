"""Which environments the product starts in, and what it says when it will not."""

from pathlib import Path

import pytest

from server.settings import SettingsInvalid, load_settings

STRONG, OTHER = "0123456789abcdef" * 4, "fedcba9876543210" * 4  # pragma: allowlist secret
PRODUCTION = {
    "LONGCHUAN_ENV": "production",
    "LONGCHUAN_STATE_DIR": "/srv/longchuan",
    "DATABASE_URL": "postgres://longchuan@db.internal/longchuan",
    "PUBLIC_BASE_URL": "https://mall.example.cn",
    "PICTURES_BASE_URL": "https://pictures.example.cn",
    "SECRET_KEY": "k" * 48,
    "FIELD_KEYS": f"k2:sm4-gcm:writing:{STRONG}, k1:aes-256-gcm:reading:{OTHER}",
    "FIELD_INDEX_KEY": "00112233445566778899aabbccddeeff" * 2,  # pragma: allowlist secret
    "LEDGER_SIGNING_KEY": "0123456789abcdef" * 4,
    "MEDIA_CALLBACK_SECRET": "m" * 40,
    "WECHAT_APPID": "wx0123456789abcdef",
    "WECHAT_APPSECRET": "s" * 32,
    "WECHAT_PUSH_TOKEN": "t" * 16,
    "WECHAT_PUSH_AES_KEY": "e" * 43,
    "WECHAT_PAY_MCHID": "1900000001",
    "WECHAT_PAY_CERT_SERIAL": "5157F09EFDC096DE15EBE81A47057A7232F1B8E1",  # pragma: allowlist secret
    "WECHAT_PAY_APIV3_KEY": "a" * 32,
    "WECHAT_PAY_PUBLIC_KEY_ID": "PUB_KEY_ID_0119000000012026112300000001",
    "WECHAT_PAY_PUBLIC_KEY_FILE": "/srv/longchuan/wechat.pem",
    "WECHAT_PAY_PRIVATE_KEY_FILE": "/srv/longchuan/merchant.pem",
}


def test_a_complete_production_environment_is_read() -> None:
    settings = load_settings(PRODUCTION)
    assert settings.environment == "production"
    assert settings.wechat_pay.mode == "partner"
    assert settings.wechat_pay.bases[0] == "https://api.mch.weixin.qq.com"
    assert settings.wechat_pay.private_key_file == Path("/srv/longchuan/merchant.pem")


def test_without_a_word_it_is_production() -> None:
    assert load_settings({**PRODUCTION, "LONGCHUAN_ENV": "production"}) == load_settings(
        {name: value for name, value in PRODUCTION.items() if name != "LONGCHUAN_ENV"}
    )


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("WECHAT_API_BASE", "http://127.0.0.1:8083", "never to a sandbox"),
        ("WECHAT_PAY_BASES", "https://api.mch.weixin.qq.com,http://127.0.0.1:8083", "never to a sandbox"),
        ("WECHAT_PAY_BASES", "https://api.mch.weixin.qq.com.evil.example", "never to a sandbox"),
        ("WECHAT_API_BASE", "https://evil.example/.weixin.qq.com", "never to a sandbox"),
        ("PUBLIC_BASE_URL", "http://mall.example.cn", "https in production"),
        ("RELAY_OUT_TRIALS", "127.0.0.1:1936", "public servers alone"),
        ("PICTURES_BASE_URL", "https://mall.example.cn/pictures", "another host"),
        ("PICTURES_BASE_URL", "http://pictures.example.cn", "PICTURES_BASE_URL must be https"),
        ("WECHAT_PUSH_MODE", "plain", "must be safe"),
        ("WECHAT_PUSH_TOKEN", "", "WECHAT_PUSH_TOKEN"),
        ("WECHAT_PUSH_AES_KEY", "e" * 32, "WECHAT_PUSH_AES_KEY"),
        ("PICTURES_MAX_BYTES", "99999999", "PICTURES_MAX_BYTES"),
        ("PICTURES_BUCKET", "b", "PICTURES_S3_ACCESS_KEY_ID"),
        ("OWN_DATA_LIVE_RETENTION_DAYS", "1095", "OWN_DATA_LIVE_RETENTION_DAYS"),
        ("CARRIER_SERVICE", "local", "no local carrier"),
        ("CARRIER_SERVICE", "kuaidi100", "CARRIER_KEY"),
        ("CARRIER_POLL_BASE", "http://127.0.0.1:8099", "never to a stand-in"),
        ("CARRIER_API_BASE", "https://kuaidi100.com.evil.example", "never to a stand-in"),
        ("CARRIER_PAUSE_S", "1", "CARRIER_PAUSE_S"),
        ("CLOUD_LIVE_PUSH_URL", "rtmp://push.example.cn/live", "CLOUD_LIVE_PLAY_URL"),
        ("CLOUD_LIVE_API_BASE", "http://127.0.0.1:8099", "never to a stand-in"),
        ("CLOUD_LIVE_OWN_VIEWERS", "0", "CLOUD_LIVE_OWN_VIEWERS"),
        ("MEDIA_LOW_WATER_PERCENT", "0", "MEDIA_LOW_WATER_PERCENT"),
        ("FILE_SCAN_CLAMD", "clamd:3310", "FILE_SCAN_CLAMD"),
        ("FILE_SCAN_TIMEOUT_S", "60", "FILE_SCAN_TIMEOUT_S"),
        ("LONGCHUAN_STATE_DIR", "/tmp/longchuan", "temporary directory"),
        ("SECRET_KEY", "change-me", "SECRET_KEY"),
        ("SECRET_KEY", "", "SECRET_KEY"),
        ("FIELD_KEYS", "short", "FIELD_KEYS must have exactly one"),
        ("FIELD_KEYS", f"k1:aes-256-gcm:reading:{STRONG}", "exactly one"),
        ("FIELD_KEYS", f"k1:aes-256-gcm:writing:{STRONG} k2:aes-256-gcm:writing:{OTHER}", "exactly one"),
        ("FIELD_KEYS", f"k1:aes-256-gcm:writing:{STRONG} k1:aes-256-gcm:reading:{OTHER}", "an id of its own"),
        ("FIELD_KEYS", f"K 1:aes-256-gcm:writing:{STRONG}", "an id of its own"),
        ("FIELD_KEYS", f"k1:des:writing:{STRONG}", "key 1 must be aes-256-gcm or sm4-gcm"),
        ("FIELD_KEYS", f"k1:aes-256-gcm:writing:{'00' * 32}", "the secret of key 1"),
        ("FIELD_KEYS", f"k1:aes-256-gcm:writing:{STRONG} k2:sm4-gcm:reading:{STRONG}", "every secret is another one"),
        ("FIELD_INDEX_KEY", STRONG[:32], "FIELD_INDEX_KEY must be 32 random bytes"),
        ("LEDGER_SIGNING_KEY", "", "LEDGER_SIGNING_KEY"),
        ("LEDGER_SIGNING_KEY", "0" * 64, "LEDGER_SIGNING_KEY"),
        ("LEDGER_SIGNING_KEY", "x" * 64, "LEDGER_SIGNING_KEY"),
        ("MEDIA_CALLBACK_SECRET", "secret", "MEDIA_CALLBACK_SECRET"),
        ("WECHAT_PAY_APIV3_KEY", "a" * 16, "32 bytes"),
        ("DATABASE_URL", "", "DATABASE_URL"),
    ],
)
def test_production_refuses_what_is_local_default_or_weak(name: str, value: str, reason: str) -> None:
    with pytest.raises(SettingsInvalid, match=reason):
        load_settings({**PRODUCTION, name: value})


def test_every_reason_is_told_at_once() -> None:
    with pytest.raises(SettingsInvalid) as refusal:
        load_settings({**PRODUCTION, "SECRET_KEY": "x", "FIELD_INDEX_KEY": "x", "PUBLIC_BASE_URL": "http://a"})
    assert len(str(refusal.value).split("\n")) == 3


@pytest.mark.parametrize(
    ("name", "value"), [("API_PORT", "eighty"), ("WECHAT_PAY_MODE", "both"), ("LONGCHUAN_ENV", "x")]
)
def test_a_value_of_the_wrong_shape_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsInvalid):
        load_settings({**PRODUCTION, name: value})


def test_development_may_use_the_sandbox() -> None:
    sandbox = {
        "LONGCHUAN_ENV": "development",
        "WECHAT_API_BASE": "http://127.0.0.1:1",
        "WECHAT_PAY_BASES": "http://127.0.0.1:1",
    }
    assert load_settings({**PRODUCTION, **sandbox}).wechat.api_base == "http://127.0.0.1:1"
