"""The match from supplier to household is made by the poverty office alone; what could be one is proposed to it.

A station or cooperative writes down what it sees of a supplier's paper and learns nothing: what is kept of it are blind
indexes in the household's vault, and the answer is the same whoever it is.
"""

import asyncio
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec

from kit.clock import Clock, china_day, utc_now
from kit.database import execute, row, rows, transaction
from kit.encryption import FieldCipher, RowOpener
from kit.numbers import public_number
from poverty_alleviation.households import Households, check_village, household_place, person_index
from poverty_alleviation.identity_numbers import read_identity_number
from poverty_alleviation.matching.errors import MatchDecided, MatchInvalid, MatchUnknown, SupplierIdentityInvalid
from poverty_alleviation.matching.models import MATCH_TRANSITIONS, MatchState, SupplierIdentity
from poverty_alleviation.register.members import PHONE_INDEX, member_place
from poverty_alleviation.vault import household_rights
from traceability.models import SupplierKind
from traceability.queries import Farmer, farmers
from traceability.service import Reach, own_supplier


class SeenIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """What a paper says of a supplier, as far as it was seen; ``village`` is a division code."""

    id_number: str | None = None
    phone: str | None = None
    village: str | None = None


class MatchDecision(msgspec.Struct, frozen=True, kw_only=True):
    """Accepted from a day on by a document, or refused for a reason."""

    is_accepted: bool
    reason: str = ""
    valid_from: date | None = None
    document: str | None = None


@dataclass(frozen=True)
class SupplierIdentities:
    """Written by those who take goods in, read by nobody but the search for matches."""

    cipher: FieldCipher
    clock: Clock = utc_now

    @household_rights()
    async def note(self, reach: Reach, supplier: str, seen: SeenIdentity) -> None:
        """Keep what was seen of a supplier's paper; what was seen before stays.

        A keeper writes of suppliers of the own township, a clerk of those the merchant has entered. Raises
        SupplierUnknown, :class:`SupplierIdentityInvalid`, IdentityNumberInvalid and VillageUnknown.
        """
        found = await own_supplier(reach, supplier)
        number, phone = (text.strip() if text else None for text in (seen.id_number, seen.phone))
        if found["kind"] != SupplierKind.FARMER or not (number or phone or seen.village):
            raise SupplierIdentityInvalid()
        if seen.village:
            await check_village(found["township"], seen.village)
        person = read_identity_number(number, china_day(self.clock())) if number else None
        await SupplierIdentity.create(
            supplier=supplier,
            id_number_index=person_index(self.cipher, person) if person else None,
            phone_index=self.cipher.blind_index(PHONE_INDEX, phone) if phone else None,
            village=seen.village,
            recorded_by=reach.caller,
            recorded_at=self.clock(),
        )


@dataclass(frozen=True)
class MatchProposals:
    """Looks for matches and keeps what the poverty office says of them."""

    cipher: FieldCipher
    register: Households
    clock: Clock = utc_now

    @household_rights()
    async def look(self) -> int:
        """Propose every match of a supplier that stands for no household today; answers how many are new.

        A pair is proposed once for ever, whatever became of it.
        """
        today = china_day(self.clock())
        async with transaction():
            free = {each.number: each for each in await farmers()}
            for linked in await rows(
                "SELECT supplier FROM supplier_link WHERE daterange(valid_from, valid_until) @> $1::date", today
            ):
                free.pop(linked["supplier"], None)
            grounds: dict[tuple[str, int], set[str]] = defaultdict(set)
            for each in await rows(_BY_PAPER, list(free), today):
                grounds[each["supplier"], each["household_id"]].add(each["ground"])
            for supplier, household in await self._namesakes(list(free.values()), today):
                grounds[supplier, household].add("name_village")
            found = sorted(grounds)
            made = await rows(
                "INSERT INTO match_proposal (number, supplier, household_id, grounds, state, found_at, reason)"
                " SELECT p.number, p.supplier, p.household, p.grounds::jsonb, 'proposed', $5, ''"
                " FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[])"
                " AS p (number, supplier, household, grounds)"
                " ON CONFLICT (supplier, household_id) DO NOTHING RETURNING 1",
                [public_number(self.clock(), "X") for _ in found],
                [supplier for supplier, _ in found],
                [household for _, household in found],
                [msgspec.json.encode(sorted(grounds[pair])).decode() for pair in found],
                self.clock(),
            )
        return len(made)

    async def _namesakes(self, free: Sequence[Farmer], today: date) -> set[tuple[str, int]]:
        """Suppliers and households with somebody of the same name in a village where the supplier is or has land."""
        living = {each.number: set(each.villages) for each in free}
        for seen in await rows(_VILLAGES, list(living)):
            living[seen["supplier"]].add(seen["village"])
        wanted: dict[tuple[str, str], list[str]] = defaultdict(list)
        for each in free:
            for village in living[each.number]:
                wanted[village, _plain(each.name)].append(each.number)
        people = await rows(_PEOPLE, sorted({village for village, _ in wanted}), today)
        named = await asyncio.to_thread(self._opened, people)
        return {
            (supplier, person["household_id"])
            for person, name in zip(people, named, strict=True)
            if name is not None
            for supplier in wanted.get((person["village"], _plain(name)), ())
        }

    def _opened(self, people: Sequence[dict[str, Any]]) -> list[str | None]:
        """Names; None, which is nobody's namesake, for one that is damaged."""
        return [
            RowOpener(self.cipher).open(
                "name",
                each["name_cipher"],
                member_place("name", each["member"]) if each["member"] else household_place("name", each["household"]),
            )
            for each in people
        ]

    @household_rights()
    async def decide(self, number: str, decision: MatchDecision, by: str) -> None:
        """Accept a proposal, which links the supplier from a day on, or refuse it for a reason.

        The same decision by the same account changes nothing. Raises :class:`MatchUnknown`, :class:`MatchDecided`,
        :class:`MatchInvalid`, and what linking raises (SpanOverlaps, HouseholdMerged).
        """
        to = MatchState.ACCEPTED if decision.is_accepted else MatchState.REFUSED
        async with transaction():
            found = await row(
                "SELECT p.state, p.decided_by, p.supplier, h.code AS household FROM match_proposal p"
                " JOIN household h ON h.id = p.household_id WHERE p.number = $1 FOR UPDATE OF p",
                number,
            )
            if found is None:
                raise MatchUnknown(match=number[:40])
            if (found["state"], found["decided_by"]) == (to, by):
                return
            if to not in MATCH_TRANSITIONS[MatchState(found["state"])]:
                raise MatchDecided(state=found["state"])
            if not decision.is_accepted and not decision.reason.strip():
                raise MatchInvalid(missing="reason")
            if decision.is_accepted:
                if decision.valid_from is None or decision.document is None:
                    raise MatchInvalid(missing="document" if decision.valid_from else "valid_from")
                await self.register.link(
                    found["household"], found["supplier"], decision.valid_from, decision.document, by
                )
            await execute(
                "UPDATE match_proposal SET state = $2, decided_by = $3, decided_at = $4, reason = $5 WHERE number = $1",
                number,
                str(to),
                by,
                self.clock(),
                decision.reason.strip(),
            )


def _plain(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).split())


# The newest word about each supplier.
_NEWEST = (
    "SELECT DISTINCT ON (supplier) supplier, id_number_index, phone_index, village FROM supplier_identity"
    " WHERE supplier = ANY($1::text[]) ORDER BY supplier, id DESC"
)
_VILLAGES = f"SELECT supplier, village FROM ({_NEWEST}) AS n WHERE village IS NOT NULL"
_BY_PAPER = f"""
WITH newest AS ({_NEWEST}),
member AS (SELECT m.household_id, m.id_number_index, m.phone_index FROM household_member m
            WHERE daterange(m.valid_from, m.valid_until) @> $2::date)
SELECT n.supplier, m.household_id, 'id_number' AS ground FROM newest n JOIN member m USING (id_number_index)
UNION SELECT n.supplier, h.id, 'id_number' FROM newest n JOIN household h USING (id_number_index)
 WHERE h.merged_on IS NULL
UNION SELECT n.supplier, m.household_id, 'phone' FROM newest n JOIN member m USING (phone_index)
"""
_PEOPLE = """
SELECT h.id AS household_id, h.code AS household, h.village, NULL AS member, h.name_cipher FROM household h
 WHERE h.village = ANY($1::text[]) AND h.merged_on IS NULL AND $2::date IS NOT NULL
UNION ALL
SELECT h.id, h.code, h.village, m.code, m.name_cipher FROM household h JOIN household_member m ON m.household_id = h.id
 WHERE h.village = ANY($1::text[]) AND m.name_cipher IS NOT NULL AND daterange(m.valid_from, m.valid_until) @> $2::date
"""
