"""Keys that travel in addresses: who may publish, who may play, and from which room an order came.

Each purpose has a key of its own, derived from the house secret, so a token of one kind is worth nothing
elsewhere. Nothing here is kept in a table except the nonce of the push key that counts (live reference 2,
stream keys).
"""

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, date, datetime

STREAM_NAME = re.compile(r"[0-9a-z]{26}")
VIEWER_NAME = re.compile(r"[0-9A-Z]{26}")
"""Never a stream's name, so one list may hold both."""
_NUMBER = re.compile(r"[0-9A-Z]{10,32}")
_SIGNATURE = re.compile(r"[0-9a-f]{64}")
_SECONDS = re.compile(r"\d{9,11}")


def _unix(moment: datetime) -> int:
    return int(moment.timestamp())


@dataclass(frozen=True)
class PushKey:
    """The query of a push address: expiry in Unix seconds, nonce, signature."""

    expires: int
    nonce: str
    signature: str

    @property
    def query(self) -> str:
        """As it stands behind the stream's name."""
        return f"e={self.expires}&n={self.nonce}&s={self.signature}"


@dataclass(frozen=True)
class LiveKeys:
    """Signs and checks. ``house_secret`` is the product's SECRET_KEY, ``media_secret`` is shared with
    nginx.
    """

    house_secret: str
    media_secret: str

    def _sign(self, purpose: str, *parts: str | int) -> str:
        key = hmac.new(self.house_secret.encode(), f"live.{purpose}".encode(), hashlib.sha256).digest()
        return hmac.new(key, ":".join(map(str, parts)).encode(), hashlib.sha256).hexdigest()

    def _holds(self, signature: str, purpose: str, *parts: str | int) -> bool:
        known = self._sign(purpose, *parts)
        return _SIGNATURE.fullmatch(signature) is not None and hmac.compare_digest(known, signature)

    def callback_secret_holds(self, secret: str) -> bool:
        """Whether a caller of the webhook door knows what only the media server and we know."""
        return hmac.compare_digest(self.media_secret.encode(), secret.encode())

    def push_key(self, stream: str, nonce: str, expires_at: datetime) -> PushKey:
        """The key with which ``stream`` may be published until ``expires_at``."""
        expires = _unix(expires_at)
        return PushKey(expires, nonce, self._sign("push", stream, expires, nonce))

    def push_key_holds(self, stream: str, key: PushKey) -> bool:
        """Whether we signed this key for this stream; whether it has expired or been used is not asked
        here.
        """
        return self._holds(key.signature, "push", stream, key.expires, key.nonce)

    def play_token(self, stream: str, viewer: str, expires_at: datetime) -> str:
        """A token for the HTTP-FLV relay: ``<expiry>.<viewer>.<signature>``, good for one stream."""
        expires = _unix(expires_at)
        return f"{expires}.{viewer}.{self._sign('play', stream, viewer, expires)}"

    def playing_viewer(self, stream: str, token: str, now: datetime) -> str | None:
        """The viewer's name in the room when the token is ours, for this stream, and not expired, else None."""
        return self._viewer_in("play", stream, token, now)

    def hls_path(self, stream: str, viewer: str, expires_at: datetime) -> str:
        """``<expiry>/<viewer>/<signature>/<stream>``: the folder of the playlist and of every segment.

        nginx checks it (``secure_link``), which knows MD5 alone; the secret stands last, so it cannot be
        extended.
        """
        expires = _unix(expires_at)
        digest = hashlib.md5(
            f"hls:{expires}:{viewer}:{stream} {self.media_secret}".encode(), usedforsecurity=False
        ).digest()
        return f"{expires}/{viewer}/{urlsafe_b64encode(digest).decode().rstrip('=')}/{stream}"

    def attribution_token(self, number: str, merchant: str, expires_at: datetime) -> str:
        """What a viewer hands to checkout to show in which session, and at whose goods, the purchase began."""
        expires = _unix(expires_at)
        return f"{number}.{merchant}.{expires}.{self._sign('attribution', number, merchant, expires)}"

    @staticmethod
    def session_told(token: str) -> str | None:
        """The session that an attribution token is of, if it is one; nobody has looked at its signature."""
        number, *rest = token.split(".")
        return number if len(rest) == 3 and _NUMBER.fullmatch(number) else None

    def attributed_session(self, token: str, now: datetime) -> tuple[str, str] | None:
        """The numbers of the session and its merchant when the token is ours and not expired, else None."""
        parts = token.split(".")
        if len(parts) != 4 or not _NUMBER.fullmatch(parts[0]) or not _SECONDS.fullmatch(parts[2]):
            return None
        number, merchant, expires, signature = parts
        if int(expires) <= _unix(now) or not self._holds(signature, "attribution", number, merchant, int(expires)):
            return None
        return number, merchant

    def viewer_name(self, number: str, caller: str) -> str:
        """What a room calls a person: the same in this session, another in the next, and nobody can go back."""
        return self._sign("viewer", number, caller)[:26].upper()

    def day_mark(self, day: date, caller: str) -> str:
        """What stands for a person where something is counted on one day; on another day it is another."""
        return self._sign("day", day.isoformat(), caller)[:26]

    def viewer_pass(self, number: str, viewer: str, expires_at: datetime) -> str:
        """What a viewer shows at a session's feed, so that no table is asked who comes."""
        expires = _unix(expires_at)
        return f"{expires}.{viewer}.{self._sign('pass', number, viewer, expires)}"

    def passed_viewer(self, number: str, token: str, now: datetime) -> str | None:
        """The viewer's name in the room when the pass is ours, for this session, and not expired, else None."""
        return self._viewer_in("pass", number, token, now)

    def _viewer_in(self, purpose: str, place: str, token: str, now: datetime) -> str | None:
        expires, _, rest = token.partition(".")
        viewer, _, signature = rest.partition(".")
        if not _SECONDS.fullmatch(expires) or int(expires) <= _unix(now):
            return None
        return viewer if self._holds(signature, purpose, place, viewer, int(expires)) else None

    def expiry_of(self, key: PushKey) -> datetime:
        """The moment from which the push key is refused."""
        return datetime.fromtimestamp(key.expires, UTC)


def read_push_key(expires: str, nonce: str, signature: str) -> PushKey | None:
    """The key in the callback's fields, or None when the fields cannot be one."""
    if not _SECONDS.fullmatch(expires) or not re.fullmatch(r"[0-9A-Z]{26}", nonce):
        return None
    if not _SIGNATURE.fullmatch(signature):
        return None
    return PushKey(int(expires), nonce, signature)
