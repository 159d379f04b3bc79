"""The host api.weixin.qq.com: login codes, the stable token, phone codes (wechat reference 2.1)."""

import base64
import secrets
import time
from collections import defaultdict, deque
from typing import Any, Literal, TypeVar

import msgspec

from scripts.wechat_sandbox.errors import MiniProgramError
from scripts.wechat_sandbox.moments import utc_now
from scripts.wechat_sandbox.state import Book
from scripts.wechat_sandbox.world import World

CODE_SECONDS = 300
TOKEN_SECONDS = 7200
RENEWAL_SECONDS = 300
FORCED_PER_DAY = 20
FORCED_SPACING_SECONDS = 30

T = TypeVar("T")


class OneTimeCode(msgspec.Struct, kw_only=True):
    """A code of ``wx.login`` or of the phone button: good once, for five minutes."""

    code: str
    openid: str
    kind: Literal["login", "phone"]
    made_at: float
    is_used: bool = False


class AccessToken(msgspec.Struct, kw_only=True):
    """A token of the stable kind; ``state`` tells whether it was killed or let expire by order."""

    token: str
    expires_at: float
    state: Literal["good", "killed", "expired"] = "good"
    is_newest: bool = True


class StableToken(msgspec.Struct, kw_only=True):
    """``POST cgi-bin/stable_token``."""

    grant_type: str = ""
    appid: str = ""
    secret: str = ""
    force_refresh: bool = False


class PhoneCode(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """``POST wxa/business/getuserphonenumber``."""

    code: str
    openid: str | None = None


class MiniProgram:
    """Login, tokens and phones."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._codes: Book[OneTimeCode] = Book(world.store, "codes", OneTimeCode)
        self._tokens: Book[AccessToken] = Book(world.store, "tokens", AccessToken)
        self._forced: deque[float] = deque(maxlen=FORCED_PER_DAY)
        self._logins: defaultdict[str, deque[float]] = defaultdict(deque)

    def mint_code(self, openid: str, kind: Literal["login", "phone"]) -> str:
        """What ``wx.login`` or the phone button gives to the mini-program. Raise KeyError for a stranger."""
        if self._world.people.get(openid) is None:
            raise KeyError(openid)
        code = ("0" + secrets.token_urlsafe(24))[:32]
        self._codes.put(code, OneTimeCode(code=code, openid=openid, kind=kind, made_at=time.time()))
        return code

    def exchange_login_code(self, query: dict[str, str]) -> dict[str, Any]:
        """``GET sns/jscode2session``."""
        self._check_application(query.get("appid", ""), query.get("secret", ""))
        if not query.get("js_code"):
            raise MiniProgramError(41008, "missing code")
        if query.get("grant_type") != "authorization_code":
            raise MiniProgramError(40002, "invalid grant_type")
        code = self._codes.get(query["js_code"])
        if code is None or code.kind != "login" or time.time() - code.made_at > CODE_SECONDS:
            raise MiniProgramError(40029, "invalid code")
        if code.is_used:
            raise MiniProgramError(40163, "code been used")
        person = self._world.people.get(code.openid)
        if person is None:
            raise MiniProgramError(40029, "invalid code")
        self._limit_logins(person.openid)
        if person.is_high_risk:
            raise MiniProgramError(40226, "code blocked")
        code.is_used = True
        self._codes.put(code.code, code)
        person.seen_at = utc_now()
        self._world.people.put(person.openid, person)
        answer = {"session_key": base64.b64encode(secrets.token_bytes(16)).decode(), "openid": person.openid}
        return answer | ({"unionid": person.unionid} if person.unionid else {})

    def give_token(self, body: bytes) -> dict[str, Any]:
        """``POST cgi-bin/stable_token``.

        The same token until five minutes are left, or a new one by force.
        """
        asked = decode_json(body, StableToken)
        if asked.grant_type != "client_credential":
            raise MiniProgramError(40002, "invalid grant_type")
        self._check_application(asked.appid, asked.secret)
        now = time.time()
        newest = next((token for token in self._tokens if token.is_newest and token.state == "good"), None)
        if asked.force_refresh:
            self._limit_forced(now)
            for token in self._tokens:
                token.state = "killed"
                self._tokens.put(token.token, token)
            newest = None
        if newest is None or newest.expires_at - now < RENEWAL_SECONDS:
            newest = self._new_token(newest, now)
        return {"access_token": newest.token, "expires_in": int(newest.expires_at - now)}

    def check_token(self, token: str) -> None:
        """Raise 41001, 40001 or 42001 unless the token is good."""
        if not token:
            raise MiniProgramError(41001, "access_token missing")
        known = self._tokens.get(token)
        if known is None or known.state == "killed":
            raise MiniProgramError(40001, "invalid credential, access_token is invalid or not latest")
        if known.state == "expired" or time.time() >= known.expires_at:
            raise MiniProgramError(42001, "access_token expired")

    def spoil_tokens(self, state: Literal["killed", "expired"]) -> int:
        """Kill or age every token that is good; the answer is how many there were."""
        good = [token for token in self._tokens if token.state == "good"]
        for token in good:
            token.state = state
            self._tokens.put(token.token, token)
        return len(good)

    def exchange_phone_code(self, body: bytes) -> dict[str, Any]:
        """``POST wxa/business/getuserphonenumber``."""
        asked = decode_json(body, PhoneCode)
        code = self._codes.get(asked.code)
        if code is None or code.kind != "phone" or code.is_used or time.time() - code.made_at > CODE_SECONDS:
            raise MiniProgramError(40029, "invalid code")
        if asked.openid is not None and asked.openid != code.openid:
            raise MiniProgramError(40029, "invalid code")
        person = self._world.people.get(code.openid)
        if person is None:
            raise MiniProgramError(40029, "invalid code")
        code.is_used = True
        self._codes.put(code.code, code)
        return {
            "errcode": 0,
            "errmsg": "ok",
            "phone_info": {
                "phoneNumber": person.phone,
                "purePhoneNumber": person.phone,
                "countryCode": "86",
                "watermark": {"timestamp": int(time.time()), "appid": self._world.settings.appid},
            },
        }

    def _check_application(self, appid: str, secret: str) -> None:
        if not appid:
            raise MiniProgramError(41002, "appid missing")
        if not secret:
            raise MiniProgramError(41004, "appsecret missing")
        if appid != self._world.settings.appid:
            raise MiniProgramError(40013, "invalid appid")
        if not secrets.compare_digest(secret.encode(), self._world.settings.app_secret.encode()):
            raise MiniProgramError(40125, "invalid appsecret")

    def _limit_logins(self, openid: str) -> None:
        recent, now = self._logins[openid], time.monotonic()
        while recent and now - recent[0] > self._world.scaled(60):
            recent.popleft()
        if len(recent) >= self._world.conditions.login_limit_per_minute:
            raise MiniProgramError(45011, "api minute-quota reach limit, must slower, retry next minute")
        recent.append(now)

    def _limit_forced(self, now: float) -> None:
        if self._forced and now - self._forced[-1] < self._world.scaled(FORCED_SPACING_SECONDS):
            raise MiniProgramError(45011, "force_refresh called too frequently")
        if len(self._forced) == FORCED_PER_DAY and now - self._forced[0] < self._world.scaled(86_400):
            raise MiniProgramError(45009, "reach max api daily quota limit of force_refresh")
        self._forced.append(now)

    def _new_token(self, older: AccessToken | None, now: float) -> AccessToken:
        if older is not None:
            older.is_newest = False
            older.expires_at = min(older.expires_at, now + RENEWAL_SECONDS)
            self._tokens.put(older.token, older)
        token = f"{secrets.randbelow(100)}_{secrets.token_urlsafe(100)}"
        return self._tokens.put(token, AccessToken(token=token, expires_at=now + TOKEN_SECONDS))


def decode_json(body: bytes, kind: type[T]) -> T:
    """The body as a struct, or 47001 and 40097 as WeChat says them."""
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise MiniProgramError(40097, f"invalid args: {error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MiniProgramError(47001, "data format error") from error
