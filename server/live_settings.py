"""The live centre's part of the settings: the media server, viewers' sockets, the cloud's line, hosts and rooms."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

import msgspec

from server.environment import Bounds, named, several


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


class ColdSettings(msgspec.Struct, frozen=True):
    """A bucket that speaks S3, where the evidence of live sessions lies from ``after_days`` after its sealing on; none
    without a ``bucket``. ``storage_class`` is the vendor's name of one that is read at once, its own choice when empty;
    ``s3_checksum`` is ``sha256`` where what is put has to carry one, as S3 demands it of a bucket that locks.
    One viewer has ``returns_per_person`` old replays a day fetched back.
    """

    bucket: str = ""
    s3_endpoint: str = ""
    s3_region: str = "us-east-1"
    s3_access_key_id: str = ""
    s3_secret_access_key: str = ""
    s3_checksum: Literal["", "sha256"] = ""
    storage_class: str = ""
    after_days: int = 180
    returns_per_person: int = 2


class LiveSettings(msgspec.Struct, frozen=True):
    """Everything of the live centre that differs between two installations.

    ``flv_host`` and ``flv_port`` are where the relay listens; ``room_pages`` whether rooms have pages in browsers;
    ``signers`` the county's accounts that sign products before the air, every officer's when there are none;
    ``host_identity_days`` for how long a check of a host's identity holds; ``relay_trials`` the servers
    (``host:port``) to which hosts may have a broadcast handed on though they are not public, none in production.
    """

    media: MediaSettings
    feed: FeedSettings
    cloud: CloudLiveSettings
    cold: ColdSettings
    flv_host: str
    flv_port: int
    room_pages: bool
    host_identity_days: int
    signers: tuple[str, ...]
    relay_trials: tuple[str, ...]


def live_tree(env: Mapping[str, str], state: Path, *, is_development: bool) -> dict[str, object]:
    """What the environment says, in the shape of :class:`LiveSettings` and not yet checked."""
    return {
        "media": _media(env, state),
        "feed": named(env, FeedSettings, {}, "FEED_"),
        "cloud": named(env, CloudLiveSettings, {}, "CLOUD_LIVE_"),
        "cold": named(env, ColdSettings, {}, "LIVE_COLD_"),
        "flv_host": env.get("FLV_HOST", "127.0.0.1"),
        "flv_port": env.get("FLV_PORT", "8082"),
        "room_pages": env.get("ROOM_PAGES", "1" if is_development else "0"),
        "host_identity_days": env.get("HOST_IDENTITY_DAYS", "365"),
        "signers": several(env.get("LIVE_SIGNERS", "")),
        "relay_trials": several(env.get("RELAY_OUT_TRIALS", "")),
    }


_MEDIA_NAMES = {
    "ffmpeg_path": "FFMPEG_PATH",
    "stat_url": "MEDIA_STAT_URL",
    "control_url": "MEDIA_CONTROL_URL",
    "low_water_percent": "MEDIA_LOW_WATER_PERCENT",
    "quota_bytes": "MEDIA_QUOTA_BYTES",
    "quota_warning_percent": "MEDIA_QUOTA_WARNING_PERCENT",
    "second_rung": "MEDIA_SECOND_RUNG",
}


def _media(env: Mapping[str, str], state: Path) -> dict[str, object]:
    return {
        "directory": env.get("MEDIA_DIR", str(state / "media")),
        "callback_secret": env.get("MEDIA_CALLBACK_SECRET", ""),
        **named(env, MediaSettings, _MEDIA_NAMES),
    }


def live_bounds(live: LiveSettings) -> Iterator[Bounds]:
    """Between what the live centre's numbers must lie."""
    yield Bounds("FEED_SOCKETS", live.feed.sockets, 1, 50_000)
    yield Bounds("FEED_PING_S", live.feed.ping_s, 1, 300)
    yield Bounds("FEED_PONG_S", live.feed.pong_s, 1, 300)
    yield Bounds(
        "MEDIA_LOW_WATER_PERCENT", live.media.low_water_percent, 1, 50, ": of the disk must be free for a broadcast"
    )
    yield Bounds("MEDIA_QUOTA_BYTES", live.media.quota_bytes, 0, 10**15)
    yield Bounds("MEDIA_QUOTA_WARNING_PERCENT", live.media.quota_warning_percent, 1, 100, ": of MEDIA_QUOTA_BYTES")
    yield Bounds("LIVE_COLD_AFTER_DAYS", live.cold.after_days, 1, 3653)
    yield Bounds("LIVE_COLD_RETURNS_PER_PERSON", live.cold.returns_per_person, 1, 10)
    yield Bounds("CLOUD_LIVE_OWN_VIEWERS", live.cloud.own_viewers, 1, 6000)
    yield Bounds(
        "HOST_IDENTITY_DAYS", live.host_identity_days, 1, 1827, ": for how long a check of a host's identity holds"
    )


def cloud_lacks(cloud: CloudLiveSettings) -> Iterator[str]:
    """What the cloud's line needs beside its address."""
    given = (cloud.play_url, cloud.push_key, cloud.play_key, cloud.callback_key, cloud.secret_id, cloud.secret_key)
    if cloud.push_url and not all(given):
        yield "CLOUD_LIVE_PUSH_URL needs CLOUD_LIVE_PLAY_URL and all keys of CLOUD_LIVE_"


def cold_lacks(cold: ColdSettings) -> Iterator[str]:
    """What the bucket needs beside its name."""
    if cold.bucket and not (cold.s3_endpoint and cold.s3_access_key_id and cold.s3_secret_access_key):
        yield "LIVE_COLD_BUCKET needs LIVE_COLD_S3_ENDPOINT, LIVE_COLD_S3_ACCESS_KEY_ID and _SECRET_ACCESS_KEY"
