"""Who somebody is: sealed, found by a blind index of its own, shown masked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import msgspec

from county.training.errors import ProjectPersonInvalid, ProjectPersonUnknown
from county.training.models import ProjectPerson
from kit.clock import Clock, china_day, utc_now
from kit.database import execute, rows
from kit.encryption import FieldCipher, RowOpener
from kit.numbers import opaque_id
from poverty_alleviation.errors import IdentityNumberInvalid
from poverty_alleviation.households import mask_name, person_index
from poverty_alleviation.identity_numbers import person_of, read_identity_number
from poverty_alleviation.shares.models import ShareCircle

_INDEX = "project_person|id_number"
_ON = {
    ShareCircle.STAFF: "SELECT person_id FROM site_employment WHERE daterange(valid_from, valid_until) @> $1::date",
    ShareCircle.TRAINEES: "SELECT a.person_id FROM training_attendance a"
    " JOIN training_class c ON c.id = a.training_class_id WHERE c.begins_on <= $1::date",
}
"""SQL of row ids: who works on a day; who had come to a class until then."""


class PersonDraft(msgspec.Struct, frozen=True, kw_only=True):
    """Who somebody says to be, by an identity paper."""

    name: str
    id_number: str
    phone: str | None = None


def person_place(column: str, number: str) -> str:
    """What a sealed field of a person is bound to."""
    return f"project_person|{column}|{number}"


@dataclass(frozen=True)
class Persons:
    """The one table of people; also the port through which the poverty office counts some of them."""

    cipher: FieldCipher
    clock: Clock = utc_now

    async def entered(self, told: Sequence[PersonDraft], by: str) -> list[int]:
        """The row ids of people in their order, entering those who are new; what is known of the others stays.

        Raises :class:`ProjectPersonInvalid`. Inside the caller's transaction.
        """
        papers = self._papers(told)
        known = await self._known(list(papers))
        new = [
            self._sealed(each, paper, mark, by)
            for each, (mark, paper) in zip(told, papers.items(), strict=True)
            if mark not in known
        ]
        if new:
            # In one order for all, so that two lists with the same people do not wait for each other in a circle.
            await ProjectPerson.bulk_create(sorted(new, key=lambda one: one.id_number_index), ignore_conflicts=True)
            known = await self._known(list(papers))
        return [known[mark] for mark in papers]

    async def correct(self, number: str, name: str, phone: str | None) -> None:
        """Write a name and a phone anew. Raises :class:`ProjectPersonUnknown`."""
        if not await execute(
            "UPDATE project_person SET name_cipher = $2, phone_cipher = $3 WHERE number = $1 AND erased_at IS NULL",
            number,
            self.cipher.encrypt(name, person_place("name", number)),
            self.cipher.encrypt(phone, person_place("phone", number)) if phone else None,
        ):
            raise ProjectPersonUnknown()

    def masked(self, number: str, name_cipher: bytes) -> dict[str, object]:
        """A name as a card shows it, and whether it is damaged."""
        opener = RowOpener(self.cipher)
        name = opener.open("name", name_cipher, person_place("name", number))
        return {"masked_name": mask_name(name or ""), "unreadable": opener.unreadable}

    async def marks_on(self, circle: ShareCircle, day: date) -> list[bytes]:
        """The people of a circle on a day, as the register of households finds them; nobody's name or number leaves."""
        found = await rows(
            f"SELECT number, id_number_cipher FROM project_person WHERE id IN ({_ON[circle]})"
            " AND erased_at IS NULL ORDER BY id",
            day,
        )
        return [self.mark_of(each["number"], each["id_number_cipher"]) for each in found]

    def mark_of(self, number: str, sealed: bytes) -> bytes:
        """One person as the register of households finds it. Raises ``FieldUnreadable``."""
        return person_index(self.cipher, self._id_number(number, sealed))

    def _id_number(self, number: str, sealed: bytes) -> str:
        return self.cipher.decrypt(bytes(sealed), person_place("id_number", number))

    def _papers(self, told: Sequence[PersonDraft]) -> dict[bytes, str]:
        papers: dict[bytes, str] = {}
        for position, each in enumerate(told):
            try:
                paper = read_identity_number(each.id_number, china_day(self.clock()))
            except IdentityNumberInvalid as wrong:
                raise ProjectPersonInvalid(position=position, reason=wrong.facts.get("reason")) from None
            mark = self.cipher.blind_index(_INDEX, person_of(paper))
            if mark in papers:
                raise ProjectPersonInvalid(position=position, reason="twice")
            papers[mark] = paper
        return papers

    async def _known(self, marks: list[bytes]) -> dict[bytes, int]:
        found = await rows(
            "SELECT id, id_number_index FROM project_person WHERE id_number_index = ANY($1::bytea[])", marks
        )
        return {bytes(each["id_number_index"]): each["id"] for each in found}

    def _sealed(self, told: PersonDraft, paper: str, mark: bytes, by: str) -> ProjectPerson:
        number = opaque_id()
        return ProjectPerson(
            number=number,
            name_cipher=self.cipher.encrypt(told.name, person_place("name", number)),
            id_number_cipher=self.cipher.encrypt(paper, person_place("id_number", number)),
            id_number_index=mark,
            phone_cipher=self.cipher.encrypt(told.phone, person_place("phone", number)) if told.phone else None,
            recorded_by=by,
            recorded_at=self.clock(),
        )
