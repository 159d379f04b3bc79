"""Log-in of consumers, sessions of everybody, and the record of who read personal data."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.actors import (
    Administrator,
    Auditor,
    Consumer,
    CountyOfficer,
    Host,
    MerchantClerk,
    PovertyOfficer,
    StationKeeper,
)
from accounts.closures import is_being_erased, revoke_cooling
from accounts.errors import PurposeMissing, TooManyViews
from accounts.models import AccountSession, ConsumerAccount, SessionKind
from accounts.own_data_errors import AccountBeingErased
from accounts.ports import MiniProgramLogin
from accounts.roles import Duty, Role
from accounts.tokens import token_hash
from kit.actors import Actor
from kit.clock import Clock, utc_now
from kit.database import Row, execute, row, rows, scalar, transaction
from kit.encryption import FieldCipher, RowOpener
from kit.numbers import public_number, secret_token

CONSUMER_SESSION = timedelta(days=30)
STAFF_SESSION = timedelta(hours=12)
STAFF_IDLE = timedelta(hours=2)
SEEN_EVERY = timedelta(minutes=5)
"""How stale ``last_seen_at`` may be: a request writes it only when it is older than this."""

_PLAIN_ROLES = {
    Role.HOST: Host,
    Role.COUNTY_OFFICER: CountyOfficer,
    Role.POVERTY_OFFICER: PovertyOfficer,
    Role.AUDITOR: Auditor,
    Role.ADMINISTRATOR: Administrator,
}

_RESOLVE = """
SELECT s.id AS session_id, s.kind, s.last_seen_at, c.id AS consumer_id, c.number AS consumer_number, c.openid,
       a.id AS staff_id, a.number AS staff_number, a.name, g.role, g.scope, g.duties
  FROM account_session s
  LEFT JOIN consumer_account c ON c.id = s.consumer_id
  LEFT JOIN role_grant g ON g.id = s.grant_id
  LEFT JOIN staff_account a ON a.id = g.staff_id
 WHERE s.token_hash = $1 AND s.revoked_at IS NULL AND s.expires_at > $2
   AND (s.kind = 'consumer' AND c.closed_at IS NULL
     OR s.kind = 'staff' AND s.last_seen_at > $3 AND g.revoked_at IS NULL AND a.disabled_at IS NULL)
"""


@dataclass(frozen=True)
class Opened:
    """A session that has just begun; the only moment at which the token is known."""

    token: str
    expires_at: datetime


def _staff_actor(id: int, number: str, name: str, role: Role, scope: str, duties: str) -> Actor:
    """The actor of one role grant."""
    caller = f"staff:{number}"
    if role is Role.MERCHANT_CLERK:
        limited_to = frozenset(map(Duty, duties.split()))
        return MerchantClerk(caller=caller, id=id, number=number, name=name, merchant=scope, limited_to=limited_to)
    if role is Role.STATION_KEEPER:
        return StationKeeper(caller=caller, id=id, number=number, name=name, township=scope)
    return _PLAIN_ROLES[role](caller=caller, id=id, number=number, name=name)


def _actor(found: Row) -> Actor:
    if found["kind"] == SessionKind.CONSUMER:
        number = found["consumer_number"]
        return Consumer(caller=f"consumer:{number}", id=found["consumer_id"], number=number, openid=found["openid"])
    return _staff_actor(
        found["staff_id"],
        found["staff_number"],
        found["name"],
        Role(found["role"]),
        found["scope"],
        found["duties"],
    )


@dataclass(frozen=True)
class Sessions:
    """Opens, resolves and revokes sessions. Revocation holds from the next request on, in every process."""

    clock: Clock = utc_now

    async def open_for_consumer(self, consumer_id: int) -> Opened:
        """A new session with a new token."""
        return await self._open(CONSUMER_SESSION, SessionKind.CONSUMER, consumer_id=consumer_id)

    async def open_for_grant(self, grant_id: int) -> Opened:
        """A new session of a member of staff in one role."""
        return await self._open(STAFF_SESSION, SessionKind.STAFF, grant_id=grant_id)

    async def _open(
        self,
        lasting: timedelta,
        kind: SessionKind,
        consumer_id: int | None = None,
        grant_id: int | None = None,
    ) -> Opened:
        now, token = self.clock(), secret_token()
        await AccountSession.create(
            token_hash=token_hash(token),
            kind=kind,
            created_at=now,
            last_seen_at=now,
            expires_at=now + lasting,
            consumer_id=consumer_id,
            grant_id=grant_id,
        )
        return Opened(token, now + lasting)

    async def resolve(self, token: str) -> Actor | None:
        """Who holds the token, or None.

        None when it is unknown, expired, revoked or idle for too long, or its account or role has ended. One
        indexed query; every few minutes a second one notes that the session is in use.
        """
        now = self.clock()
        found = await row(_RESOLVE, token_hash(token), now, now - STAFF_IDLE)
        if found is None:
            return None
        if found["last_seen_at"] < now - SEEN_EVERY:
            await execute(
                "UPDATE account_session SET last_seen_at = $2 WHERE id = $1 AND last_seen_at < $2",
                found["session_id"],
                now,
            )
        return _actor(found)

    async def revoke(self, token: str) -> None:
        """Log out. Repeating it changes nothing."""
        await AccountSession.filter(token_hash=token_hash(token), revoked_at=None).update(revoked_at=self.clock())


@dataclass(frozen=True)
class ConsumerProfile:
    """A consumer as the consumer sees himself: the phone number is masked. What does not open is in ``unreadable``."""

    number: str
    phone_masked: str | None
    created_at: datetime
    unreadable: list[str]


def mask_phone(phone: str) -> str:
    """``+8613800001234`` as ``138****1234``."""
    national = phone.removeprefix("+86")
    return f"{national[:3]}****{national[-4:]}" if len(national) >= 8 else "****"


@dataclass(frozen=True)
class ConsumerLogin:
    """Consumers log in with a code of WeChat and may bind the phone number that WeChat has checked."""

    wechat: MiniProgramLogin
    cipher: FieldCipher
    sessions: Sessions
    appid: str
    clock: Clock = utc_now

    async def log_in(self, code: str) -> tuple[Opened, ConsumerProfile]:
        """A session for whoever the code belongs to; the account is made at the first log-in.

        Two first log-ins at once make one account: the unique identity decides. A closure that is cooling off is
        revoked. Raises the errors of :class:`MiniProgramLogin`, and :class:`AccountBeingErased` while an account of the
        same identity is: some rooms know a person by it alone, and would erase what the new account does.
        """
        identity = await self.wechat.exchange_login_code(code)
        now = self.clock()
        async with transaction():
            found = await row(
                "INSERT INTO consumer_account (number, appid, openid, unionid, created_at, last_login_at)"
                " VALUES ($1, $2, $3, $4, $5, $5)"
                " ON CONFLICT (appid, openid) DO UPDATE SET last_login_at = EXCLUDED.last_login_at,"
                " unionid = COALESCE(EXCLUDED.unionid, consumer_account.unionid)"
                " RETURNING id, number, phone_cipher, created_at",
                public_number(now, "C"),
                self.appid,
                identity.openid,
                identity.unionid,
                now,
            )
            assert found is not None
            if found["created_at"] == now and await is_being_erased(identity.openid):
                raise AccountBeingErased()
            await revoke_cooling(found["number"], now)
            opened = await self.sessions.open_for_consumer(found["id"])
        return opened, self._profile(found)

    async def bind_phone(self, consumer: Consumer, code: str) -> ConsumerProfile:
        """Keep the phone number behind the person's own code of the phone button, encrypted (R11)."""
        phone = await self.wechat.exchange_phone_code(code, consumer.openid)
        # Not on the tombstone of an account that was erased while WeChat was asked.
        await ConsumerAccount.filter(id=consumer.id, closed_at=None).update(
            phone_cipher=self.cipher.encrypt(phone, phone_place(consumer.number)),
            phone_index=self.cipher.blind_index("consumer_account.phone", phone),
            phone_bound_at=self.clock(),
        )
        return await self.profile(consumer)

    async def profile(self, consumer: Consumer) -> ConsumerProfile:
        """What a consumer sees of the own account."""
        account = await ConsumerAccount.get(id=consumer.id).values("number", "phone_cipher", "created_at")
        return self._profile(dict(account))

    def _profile(self, account: Row) -> ConsumerProfile:
        opener = RowOpener(self.cipher)
        phone = opener.open("phone", account["phone_cipher"], phone_place(account["number"]))
        return ConsumerProfile(account["number"], phone and mask_phone(phone), account["created_at"], opener.unreadable)


def phone_place(number: str) -> str:
    """What the ciphertext of a consumer's phone number is bound to."""
    return f"consumer_account|phone|{number}"


@dataclass(frozen=True)
class AccessLogs:
    """Notes every read of unmasked personal data, in the transaction of the read: no record, no answer."""

    clock: Clock = utc_now
    views_per_hour: int = 200

    async def record(
        self, actor: Actor, purpose: str, subject: str, fields: Sequence[str], document: str | None = None
    ) -> None:
        """``subject`` is a public number or code, ``fields`` are the names of what was read, not the values.

        Raises :class:`PurposeMissing` for an empty purpose.
        """
        if not purpose.strip():
            raise PurposeMissing()
        await rows(
            "INSERT INTO access_log (actor, acting_as, purpose, subject, fields_read, document, at)"
            " VALUES ($1, $2, $3, $4, $5::jsonb, $6, $7) RETURNING 1",
            actor.caller,
            type(actor).__name__,
            purpose.strip()[:200],
            subject,
            json.dumps(list(fields)),
            document,
            self.clock(),
        )

    async def record_view(self, actor: Actor, purpose: str, subject: str, fields: Sequence[str], document: str) -> None:
        """A look at what is masked otherwise, which ``document`` asks for. Must run in the transaction of the look.

        The look that uses up what an account may see in an hour raises an alarm and is answered; every further one
        raises :class:`TooManyViews`. The record is made first and the account's chain is locked by it, so many looks at
        once are counted one after the other.
        """
        await self.record(actor, purpose, subject, fields, document)
        now = self.clock()
        views = await scalar(
            "SELECT count(*) FROM access_log WHERE actor = $1 AND at > $2 AND document IS NOT NULL",
            actor.caller,
            now - timedelta(hours=1),
        )
        if views > self.views_per_hour:
            raise TooManyViews(allowed_per_hour=self.views_per_hour)
        if views == self.views_per_hour:
            await rows(
                "INSERT INTO access_alarm (actor, views, at) SELECT $1::varchar, $2, $3 WHERE NOT EXISTS"
                " (SELECT 1 FROM access_alarm WHERE actor = $1::varchar AND at > $4) RETURNING 1",
                actor.caller,
                views,
                now,
                now - timedelta(hours=1),
            )
