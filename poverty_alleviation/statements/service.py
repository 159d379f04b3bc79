"""Issuing, printing and opening the quarterly statements of households."""

import base64
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from unicodedata import normalize

import msgspec

from accounts.actors import PovertyOfficer
from accounts.service import AccessLogs
from kit.clock import Clock, china_day, utc_now
from kit.database import execute, row, rows, transaction
from kit.encryption import FieldCipher, RowOpener
from kit.numbers import public_number
from kit.paging import MAX_PAGE, read_cursor, write_cursor
from places.queries import division_names
from poverty_alleviation.households import UNREADABLE, check_village, household_place
from poverty_alleviation.identity_numbers import person_of
from poverty_alleviation.statements.errors import StatementUnknown, VillageTooLarge
from poverty_alleviation.statements.figures import Quarter, StatementText, village_quarter
from poverty_alleviation.statements.quarters import closed_months, quarter_span
from poverty_alleviation.unmasking import Viewing, ViewingPurpose, noted_view
from poverty_alleviation.vault import household_rights

MOST_OF_A_VILLAGE = 500
ATTEMPTS = 5
"""Wrong second factors in a row before a code rests."""
REST = timedelta(days=1)
_TOKEN_BYTES = 24


class StatementCard(msgspec.Struct, frozen=True, kw_only=True):
    """An issued statement, under the household's code alone."""

    number: str
    household: str
    township: str
    village: str
    quarter: str
    digest: str
    attributed_sales_fen: int
    income_paid_fen: int
    income_confirmed_fen: int
    issued_by: str
    issued_at: datetime


class IssuedStatement(msgspec.Struct, frozen=True, kw_only=True):
    """A statement as it was issued, under the household's code alone."""

    text: StatementText
    digest: str
    issued_by: str
    issued_at: datetime


class PrintedStatement(msgspec.Struct, frozen=True, kw_only=True):
    """What the paper needs beside the text: the head's name, and where the code leads."""

    text: StatementText
    digest: str
    issued_at: datetime
    name: str
    link: str


@dataclass(frozen=True)
class HouseholdStatements:
    """The use cases. ``base_url`` is where printed codes lead."""

    cipher: FieldCipher
    access_logs: AccessLogs
    base_url: str
    clock: Clock = utc_now

    @household_rights()
    async def issue(self, township: str, village: str, quarter: str, by: str) -> int:
        """Issue the statements of a village that do not stand yet; answers how many were issued.

        Households of which the quarter says nothing get none. What is issued stays. Raises ``QuarterInvalid``,
        ``QuarterNotClosed`` with the months that are ``open``, :class:`VillageTooLarge`, ``VillageUnknown``.
        """
        async with transaction():
            roots = await closed_months(quarter, china_day(self.clock()))
            found = await village_quarter(township, village, quarter)
            if not found:
                await check_village(township, village)
            if len(found) > MOST_OF_A_VILLAGE:
                raise VillageTooLarge(most=MOST_OF_A_VILLAGE)
            name, issued = (await division_names([village])).get(village, village), 0
            for code, of in found.items():
                issued += await self._issue(code, of, name, quarter, roots, by)
            return issued

    async def _issue(self, code: str, of: Quarter, village: str, quarter: str, roots: dict[str, str], by: str) -> int:
        number = public_number(self.clock(), "T")
        text = StatementText(
            number=number,
            household=code,
            township=of.figures.township,
            village=village,
            quarter=quarter,
            roots=roots,
            attributed_sales_fen=of.figures.attributed_sales_fen,
            income_paid_fen=of.figures.income_paid_fen,
            income_confirmed_fen=of.figures.income_confirmed_fen,
            income_by_category=of.income_by_category,
            lines=of.lines,
            estimate=of.estimate,
            claims=of.claims,
            lineage=of.lineage,
        )
        kept = json.dumps(msgspec.to_builtins(text), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        made = await rows(
            "INSERT INTO household_statement (number, household_id, quarter, text, digest, page_hash, issued_by,"
            " issued_at, attempts) SELECT $1, h.id, $3, $4, $5, $6, $7, $8, 0 FROM household h WHERE h.code = $2"
            " ON CONFLICT (household_id, quarter) DO NOTHING RETURNING 1",
            number,
            code,
            quarter,
            kept,
            sha256(kept.encode()).hexdigest(),
            page_hash(self.token(number)),
            by,
            self.clock(),
        )
        return len(made)

    @household_rights()
    async def cards(
        self, quarter: str | None, township: str | None, cursor: str | None, limit: int
    ) -> tuple[list[StatementCard], str | None]:
        """Issued statements in the order of issue."""
        after = read_cursor(cursor, tuple[int])[0] if cursor else 0
        limit = min(limit, MAX_PAGE)
        found = await rows(
            f"{_STATEMENT} WHERE s.id > $3 AND ($1::text IS NULL OR s.quarter = $1)"
            " AND ($2::text IS NULL OR h.township = $2) ORDER BY s.id LIMIT $4",
            quarter,
            township,
            after,
            limit + 1,
        )
        following = write_cursor(found[limit - 1]["id"]) if len(found) > limit else None
        return [_card(each) for each in found[:limit]], following

    @household_rights()
    async def issued(self, number: str) -> IssuedStatement:
        """One statement. Raises :class:`StatementUnknown`."""
        found = await row(f"{_STATEMENT} WHERE s.number = $1", number)
        if found is None:
            raise StatementUnknown(statement=number[:40])
        return msgspec.convert(found | {"text": msgspec.json.decode(found["text"])}, IssuedStatement)

    @household_rights()
    async def to_print(self, actor: PovertyOfficer, number: str) -> PrintedStatement:
        """One statement for its paper; the look at the name is on record before. Raises :class:`StatementUnknown`."""
        async with transaction():
            viewing = Viewing(ViewingPurpose.STATEMENT, number[:40])
            await noted_view(self.access_logs, actor, viewing, f"household_statement:{number[:40]}", ("name",))
            found = await row(f"{_STATEMENT} WHERE s.number = $1", number)
            if found is None:
                raise StatementUnknown(statement=number[:40])
            return self._printed(found)

    @household_rights()
    async def village_to_print(
        self, actor: PovertyOfficer, township: str, village: str, quarter: str
    ) -> list[PrintedStatement]:
        """A village's statements of a quarter by household code; the look at the names is on record before.

        Raises ``QuarterInvalid``, :class:`StatementUnknown`.
        """
        quarter_span(quarter)
        async with transaction():
            viewing = Viewing(ViewingPurpose.STATEMENT, f"{village} {quarter}")
            await noted_view(self.access_logs, actor, viewing, f"household_statements:{village}:{quarter}", ("name",))
            found = await rows(
                f"{_STATEMENT} WHERE h.township = $1 AND h.village = $2 AND s.quarter = $3 ORDER BY h.code",
                township,
                village,
                quarter,
            )
            if not found:
                raise StatementUnknown()
            return [self._printed(each) for each in found]

    @household_rights()
    async def open_page(self, token: str, last_four: str) -> StatementText | None:
        """What a code leads to for who knows the last four characters of the household's phone or identity paper.

        None for an unknown code, wrong characters and a code that rests after :data:`ATTEMPTS` wrong ones alike: who
        tries learns nothing. An attempt is counted before it is judged, so that many at once are not more.
        """
        now = self.clock()
        async with transaction():
            counted = await row(_ATTEMPT, page_hash(token), now, ATTEMPTS, REST)
            if counted is None:
                return None
            household = await row(
                "SELECT code, phone_cipher, id_number_cipher FROM household WHERE id = $1", counted["household_id"]
            )
            if household is None or not self._knows(household, last_four):
                return None
            await execute(
                "UPDATE household_statement SET attempts = 0, blocked_until = NULL WHERE id = $1", counted["id"]
            )
        return msgspec.json.decode(counted["text"], type=StatementText)

    def _knows(self, household: dict[str, Any], last_four: str) -> bool:
        given = normalize("NFKC", last_four).strip().upper()  # a Chinese keyboard writes digits of full width
        if len(given) != 4 or not given.isascii():
            return False
        known = [person_of(number)[-4:] for number in self._numbers(household)]
        return any(hmac.compare_digest(given, each) for each in known)

    def _numbers(self, household: dict[str, Any]) -> Sequence[str]:
        code, opener = household["code"], RowOpener(self.cipher)
        numbers = (
            opener.open(column, household[f"{column}_cipher"], household_place(column, code))
            for column in ("phone", "id_number")
        )
        return [number for number in numbers if number]

    def _printed(self, found: dict[str, Any]) -> PrintedStatement:
        text, opener = msgspec.json.decode(found["text"], type=StatementText), RowOpener(self.cipher)
        name = opener.open("name", found["name_cipher"], household_place("name", text.household))
        return PrintedStatement(
            text=text,
            digest=found["digest"],
            issued_at=found["issued_at"].astimezone(UTC),
            name=UNREADABLE if opener.unreadable else name or "",
            link=f"{self.base_url}/h/{self.token(text.number)}",
        )

    def token(self, number: str) -> str:
        """What stands in the code: made anew from the number for every print, so only its hash is kept."""
        octets = self.cipher.blind_index("household_statement|page", number)
        return base64.urlsafe_b64encode(octets[:_TOKEN_BYTES]).decode()


_STATEMENT = (
    "SELECT s.id, s.number, s.text, s.digest, s.issued_by, s.issued_at, h.name_cipher FROM household_statement s"
    " JOIN household h ON h.id = s.household_id"
)


_ATTEMPT = """
UPDATE household_statement SET
    attempts = CASE WHEN blocked_until IS NULL THEN attempts + 1 ELSE 1 END,
    blocked_until = CASE WHEN blocked_until IS NULL AND attempts + 1 >= $3 THEN $2::timestamptz + $4::interval END
  WHERE page_hash = $1 AND (blocked_until IS NULL OR blocked_until <= $2) RETURNING id, text, household_id
"""


def page_hash(token: str) -> str:
    """What is stored of the code on a statement."""
    return sha256(token.encode()).hexdigest()


def _card(found: dict[str, Any]) -> StatementCard:
    text = msgspec.json.decode(found["text"], type=StatementText)
    told = {name: getattr(text, name) for name in StatementCard.__struct_fields__ if hasattr(text, name)}
    return StatementCard(**told, digest=found["digest"], issued_by=found["issued_by"], issued_at=found["issued_at"])
