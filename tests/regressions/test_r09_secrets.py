"""R9: no secret of the source opens anything, and a key can be changed (commerce reference R9)."""

import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from kit.clock import utc_now
from live.media.keys import LiveKeys
from server.database import ROOT
from server.settings import WEAK_SECRETS, Settings, SettingsInvalid, load_settings
from tests.orders.mall import environment

SECRETS = ("SECRET_KEY", "FIELD_KEYS", "FIELD_INDEX_KEY", "LEDGER_SIGNING_KEY", "MEDIA_CALLBACK_SECRET")


WEAK = (*WEAK_SECRETS, "k" * 8)
NOWHERE = "postgres://nobody@127.0.0.1:1/none"


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("value", WEAK)
def test_r09_no_settings_hold_a_default_or_short_secret(tmp_path: Path, name: str, value: str) -> None:
    """Fails when the length check of ``server.settings`` is taken out: tried."""
    with pytest.raises(SettingsInvalid, match=name):
        load_settings(environment(tmp_path, NOWHERE) | {name: value})


@pytest.mark.parametrize(("name", "value"), list(zip(SECRETS, WEAK, strict=True)))
def test_r09_no_process_starts_on_a_default_or_short_secret(tmp_path: Path, name: str, value: str) -> None:
    """Each secret and each value once: a process loads the settings of the test above, in two seconds."""
    started = subprocess.run(
        [sys.executable, "-m", "server.app"],
        cwd=ROOT,
        env=environment(tmp_path, NOWHERE) | {name: value},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert started.returncode != 0
    assert name in started.stderr


def test_r09_no_setting_that_is_a_secret_has_a_default() -> None:
    """Fails when ``secret_key`` gets a default: tried."""
    with_default = {f.name for f in msgspec.structs.fields(Settings) if not f.required}
    assert with_default.isdisjoint(
        {"secret_key", "field_keys", "field_index_key", "media", "wechat", "wechat_pay", "database"}
    )


def test_r09_no_private_key_stands_in_the_tree() -> None:
    """detect-secrets looks for more in ``scripts/check``; this looks for the keys that signatures are made with."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    begin = re.compile(r"BEGIN (RSA |EC |ENCRYPTED )?PRIVATE" + " KEY")
    holding = [
        name
        for name in filter(None, listed.split("\0"))
        if begin.search((ROOT / name).read_text(encoding="utf-8", errors="ignore"))
    ]
    assert holding == []


def test_r09_what_was_signed_with_the_old_key_is_worth_nothing_under_a_new_one() -> None:
    now = utc_now()
    old, new = LiveKeys("o" * 48, "c" * 40), LiveKeys("n" * 48, "c" * 40)
    attribution = old.attribution_token("20261126AAAAAAAAAA", "M1", now + timedelta(hours=1))
    play = old.play_token("20261126AAAAAAAAAA", "viewer", now + timedelta(hours=1))
    assert old.attributed_session(attribution, now) == ("20261126AAAAAAAAAA", "M1")
    assert new.attributed_session(attribution, now) is None
    assert old.playing_viewer("20261126AAAAAAAAAA", play, now)
    assert not new.playing_viewer("20261126AAAAAAAAAA", play, now)
