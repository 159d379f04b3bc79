"""What consumers are told and agree to (PIPL, articles 14 to 17, 24 and 29; wechat reference 2.12)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from accounts.own_data_errors import ChangeTooSoon, ConsentMissing, ConsentOutdated, DocumentUnknown
from accounts.own_data_models import REQUIRED, SWITCHES, DocumentKind
from kit.clock import Clock, utc_now
from kit.database import execute, row, rows, scalar, transaction

ANNOUNCED_BEFORE = timedelta(days=7)
"""E-commerce law, article 34; the table checks it too."""


class DocumentVersion(msgspec.Struct, frozen=True):
    """One version of a document, without its text."""

    kind: DocumentKind
    version: int
    title: str
    effective_from: datetime
    announced_at: datetime
    in_force: bool


class DocumentText(msgspec.Struct, frozen=True):
    """The version of a document that is in force."""

    kind: DocumentKind
    version: int
    title: str
    text: str
    effective_from: datetime


class MissingDocument(msgspec.Struct, frozen=True):
    """A required version in force that has not been agreed to."""

    kind: DocumentKind
    version: int


class ConsentView(msgspec.Struct, frozen=True):
    """How a consumer stands to one kind of document. ``given`` is what holds now, null before the first word."""

    kind: DocumentKind
    required: bool
    given: bool | None
    version: int | None
    at: datetime | None


_IN_FORCE = (
    "SELECT DISTINCT ON (kind) kind, version, title, text, effective_from FROM legal_document"
    " WHERE effective_from <= $1 AND ($2::text IS NULL OR kind = $2) ORDER BY kind, version DESC"
)
_MISSING = (
    "SELECT f.kind, f.version FROM (SELECT kind, max(version) AS version FROM legal_document"
    " WHERE effective_from <= $2 AND kind = ANY($3::text[]) GROUP BY kind) f"
    " WHERE (SELECT c.given AND c.version = f.version FROM consumer_consent c"
    " WHERE c.consumer = $1 AND c.kind = f.kind ORDER BY c.id DESC LIMIT 1) IS NOT TRUE ORDER BY f.kind"
)


async def missing_documents(consumer: str, now: datetime | None = None) -> list[MissingDocument]:
    """Which required versions in force a consumer has not agreed to; one statement. None without documents."""
    found = await rows(_MISSING, consumer, now or utc_now(), [kind.value for kind in REQUIRED])
    return [MissingDocument(DocumentKind(each["kind"]), each["version"]) for each in found]


async def demand_consents(consumer: str, now: datetime | None = None) -> None:
    """One statement. Raises :class:`ConsentMissing`."""
    if missing := await missing_documents(consumer, now):
        raise ConsentMissing(documents=msgspec.to_builtins(missing))


async def switched_on(kind: DocumentKind, consumers: Collection[str]) -> set[str]:
    """For which of some consumers marketing or personalisation is on; rooms above ask before they do either.

    One statement.
    """
    found = await rows(
        "SELECT DISTINCT ON (consumer) consumer, given FROM consumer_consent WHERE kind = $1"
        " AND consumer = ANY($2::text[]) ORDER BY consumer, id DESC",
        kind.value,
        list(consumers),
    )
    said = {each["consumer"]: each["given"] for each in found}
    return {consumer for consumer in consumers if said.get(consumer, SWITCHES[kind])}


async def agreeing(consumers: Collection[str], kind: DocumentKind, now: datetime | None = None) -> set[str]:
    """Those of some consumers whose newest word agrees to the version in force; one statement, none without people."""
    if not consumers:
        return set()
    found = await rows(
        "SELECT n.consumer FROM (SELECT DISTINCT ON (consumer) consumer, version, given FROM consumer_consent"
        " WHERE consumer = ANY($1::text[]) AND kind = $2 ORDER BY consumer, id DESC) n WHERE n.given AND n.version ="
        " (SELECT max(version) FROM legal_document WHERE kind = $2 AND effective_from <= $3)",
        list(consumers),
        kind.value,
        now or utc_now(),
    )
    return {each["consumer"] for each in found}


async def document_versions(now: datetime | None = None) -> list[DocumentVersion]:
    """Every version that was announced, the newest of each kind first: what holds and what will hold."""
    moment = now or utc_now()
    found = await rows(
        "SELECT kind, version, title, effective_from, announced_at, version = max(version)"
        " FILTER (WHERE effective_from <= $1) OVER (PARTITION BY kind) IS TRUE AS in_force"
        " FROM legal_document ORDER BY kind, version DESC LIMIT 200",
        moment,
    )
    return [msgspec.convert(each, DocumentVersion) for each in found]


async def document_in_force(kind: DocumentKind, now: datetime | None = None) -> DocumentText:
    """The text that holds now. Raises :class:`DocumentUnknown`."""
    found = await row(_IN_FORCE, now or utc_now(), kind.value)
    if found is None:
        raise DocumentUnknown()
    return msgspec.convert(found, DocumentText)


@dataclass(frozen=True)
class LegalDocuments:
    """The county announces versions; they come into force of themselves."""

    clock: Clock = utc_now

    async def announce(self, kind: DocumentKind, title: str, text: str, effective_from: datetime, by: str) -> int:
        """The next version of a document; answers its number. Raises :class:`ChangeTooSoon`.

        A later version comes into force after an earlier one.
        """
        now = self.clock()
        async with transaction():
            await scalar("SELECT pg_advisory_xact_lock(hashtextextended('legal_document|' || $1, 0))::text", kind.value)
            newest = await row(
                "SELECT version, effective_from FROM legal_document WHERE kind = $1 ORDER BY version DESC LIMIT 1",
                kind.value,
            )
            if newest and effective_from < max(now + ANNOUNCED_BEFORE, newest["effective_from"]):
                raise ChangeTooSoon(earliest=max(now + ANNOUNCED_BEFORE, newest["effective_from"]).isoformat())
            version = newest["version"] + 1 if newest else 1
            await row(
                "INSERT INTO legal_document (kind, version, title, text, effective_from, announced_at, announced_by)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
                kind.value,
                version,
                title,
                text,
                effective_from,
                now,
                by,
            )
        return version


@dataclass(frozen=True)
class Consents:
    """A consumer's word on documents, kept as dated rows."""

    clock: Clock = utc_now

    async def give(self, consumer: str, kind: DocumentKind, version: int) -> None:
        """Agree to the version in force. Repeating it changes nothing.

        Raises :class:`DocumentUnknown` and :class:`ConsentOutdated`.
        """
        in_force = await document_in_force(kind, self.clock())
        if version != in_force.version:
            raise ConsentOutdated(version=in_force.version)
        await self._note(consumer, kind, version, given=True)

    async def withdraw(self, consumer: str, kind: DocumentKind) -> None:
        """Take the consent back. Repeating it changes nothing."""
        await self._note(consumer, kind, await self._version(kind), given=False)

    async def switch(self, consumer: str, kind: DocumentKind, on: bool) -> None:
        """Switch marketing or personalisation, under the version in force where there is one."""
        await self._note(consumer, kind, await self._version(kind), given=on)

    async def standing(self, consumer: str) -> list[ConsentView]:
        """How a consumer stands to every kind; one statement."""
        found = await rows(
            "SELECT DISTINCT ON (kind) kind, version, given, at FROM consumer_consent WHERE consumer = $1"
            " ORDER BY kind, id DESC",
            consumer,
        )
        said = {each["kind"]: each for each in found}
        views = []
        for kind in DocumentKind:
            word = said.get(kind.value, {"given": SWITCHES.get(kind), "version": None, "at": None})
            views.append(ConsentView(kind, kind in REQUIRED, word["given"], word["version"], word["at"]))
        return views

    async def _version(self, kind: DocumentKind) -> int:
        found = await row(_IN_FORCE, self.clock(), kind.value)
        return found["version"] if found else 0

    async def _note(self, consumer: str, kind: DocumentKind, version: int, *, given: bool) -> None:
        """Add a row unless the newest one says the same."""
        async with transaction():
            await scalar("SELECT pg_advisory_xact_lock(hashtextextended('consumer_consent|' || $1, 0))::text", consumer)
            await execute(
                "INSERT INTO consumer_consent (consumer, kind, version, given, at)"
                " SELECT $1::text, $2::text, $3::int, $4::bool, $5"
                " WHERE (SELECT ROW(version, given) FROM consumer_consent WHERE consumer = $1 AND kind = $2"
                " ORDER BY id DESC LIMIT 1) IS DISTINCT FROM ROW($3::int, $4::bool)",
                consumer,
                kind.value,
                version,
                given,
                self.clock(),
            )
