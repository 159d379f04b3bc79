"""Reads of accounts and of the access log."""

from collections.abc import Collection
from datetime import datetime
from typing import Annotated

import msgspec

from accounts.roles import Role, ScopeKind
from kit.database import rows, scalar
from kit.paging import read_cursor, write_cursor


class _Key(msgspec.Struct, array_like=True):
    id: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class AccessRecord(msgspec.Struct, frozen=True):
    """One read of personal data. ``document`` is what a look at masked fields was asked for by."""

    actor: str
    acting_as: str
    purpose: str
    document: str | None
    subject: str
    fields_read: list[str]
    at: datetime


class AccessAlarmView(msgspec.Struct, frozen=True):
    """Somebody has looked at as many people within an hour as anybody may; further looks were refused."""

    actor: str
    views: int
    at: datetime


async def access_records(subject: str | None, cursor: str | None, limit: int) -> tuple[list[AccessRecord], str | None]:
    """The newest records first, of one subject or of all, and the cursor of the next page."""
    before = read_cursor(cursor, _Key).id if cursor else 2**63 - 1
    found = await rows(
        "SELECT id, actor, acting_as, purpose, document, subject, fields_read::text AS fields_read, at FROM access_log"
        " WHERE id < $1 AND ($2::text IS NULL OR subject = $2) ORDER BY id DESC LIMIT $3",
        before,
        subject,
        limit + 1,
    )
    page = [
        AccessRecord(
            actor=r["actor"],
            acting_as=r["acting_as"],
            purpose=r["purpose"],
            document=r["document"],
            subject=r["subject"],
            fields_read=msgspec.json.decode(r["fields_read"], type=list[str]),
            at=r["at"],
        )
        for r in found[:limit]
    ]
    return page, write_cursor(found[limit - 1]["id"]) if len(found) > limit else None


async def has_looked(actor: str, subject: str, field: str) -> bool:
    """Whether an account's look at a field of something is on record."""
    found = await scalar(
        "SELECT 1 FROM access_log WHERE subject = $1 AND actor = $2 AND fields_read ? $3 LIMIT 1", subject, actor, field
    )
    return found is not None


async def access_alarms(cursor: str | None, limit: int) -> tuple[list[AccessAlarmView], str | None]:
    """The newest alarms first, and the cursor of the next page."""
    before = read_cursor(cursor, _Key).id if cursor else 2**63 - 1
    found = await rows(
        "SELECT id, actor, views, at FROM access_alarm WHERE id < $1 ORDER BY id DESC LIMIT $2", before, limit + 1
    )
    following = write_cursor(found[limit - 1]["id"]) if len(found) > limit else None
    return [msgspec.convert(each, AccessAlarmView) for each in found[:limit]], following


async def has_phone(consumer: str) -> bool:
    """Whether a consumer has bound the phone number that WeChat has checked."""
    return bool(await scalar("SELECT 1 FROM consumer_account WHERE number = $1 AND phone_cipher IS NOT NULL", consumer))


async def is_county_officer(number: str) -> bool:
    """Whether somebody may act as county officer now."""
    return await _acts_as(Role.COUNTY_OFFICER, number)


async def is_poverty_officer(number: str) -> bool:
    """Whether somebody may act as poverty officer now."""
    return await _acts_as(Role.POVERTY_OFFICER, number)


async def is_host(number: str) -> bool:
    """Whether somebody may present live sessions now."""
    return await _acts_as(Role.HOST, number)


class PresentingAccount(msgspec.Struct, frozen=True):
    """Somebody who may present, by account and the name that it goes by; nothing else of a person."""

    account: str
    name: str


async def hosts_named(beginning: str, besides: str, limit: int) -> list[PresentingAccount]:
    """Who may present live sessions now and whose name begins so, in the order of their names, without one account."""
    found = await rows(
        "SELECT a.number AS account, a.name FROM staff_account a WHERE starts_with(a.name, $1) AND a.number <> $2"
        " AND a.disabled_at IS NULL AND EXISTS (SELECT FROM role_grant g WHERE g.staff_id = a.id AND g.role = $3"
        " AND g.revoked_at IS NULL) ORDER BY a.name, a.number LIMIT $4",
        beginning,
        besides,
        Role.HOST.value,
        limit,
    )
    return [PresentingAccount(**each) for each in found]


async def works_for(number: str, merchants: Collection[str]) -> bool:
    """Whether a member of staff is a clerk of one of these merchants now. No query without merchants."""
    return bool(merchants) and bool(
        await scalar(
            "SELECT 1 FROM role_grant g JOIN staff_account a ON a.id = g.staff_id WHERE a.number = $1"
            " AND g.scope_kind = $2 AND g.scope = ANY($3::text[]) AND g.revoked_at IS NULL LIMIT 1",
            number,
            ScopeKind.MERCHANT.value,
            list(merchants),
        )
    )


async def _acts_as(role: Role, number: str) -> bool:
    return bool(
        await scalar(
            "SELECT 1 FROM role_grant g JOIN staff_account a ON a.id = g.staff_id WHERE a.number = $1"
            " AND g.role = $2 AND g.revoked_at IS NULL AND a.disabled_at IS NULL LIMIT 1",
            number,
            role.value,
        )
    )


async def openids_of(consumers: Collection[str]) -> dict[str, str]:
    """Under which WeChat knows each consumer; an account that is closed or unknown is left out; one statement."""
    found = await rows(
        "SELECT number, openid FROM consumer_account WHERE number = ANY($1::text[]) AND closed_at IS NULL",
        list(consumers),
    )
    return {each["number"]: each["openid"] for each in found}
