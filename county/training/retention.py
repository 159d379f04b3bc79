"""How long people of the project are kept, and their erasure. The rows that are counted stay, under the number."""

from contextlib import suppress
from dataclasses import dataclass

from county.erasures import ErasedKind, PeopleRetention
from county.training.errors import ProjectPersonUnknown
from county.training.persons import Persons
from kit.clock import Clock, utc_now
from kit.database import Row, execute
from kit.encryption import FieldUnreadable
from poverty_alleviation.retention.models import RetentionClass
from poverty_alleviation.shares.service import forget_marks

# The last day on which a person p came to something, was asked after, reached or proved something, or worked.
_LAST_MATTER = """greatest((p.recorded_at AT TIME ZONE 'Asia/Shanghai')::date,
    (SELECT max(greatest(c.ends_on, f.done_on)) FROM training_attendance a
       JOIN training_class c ON c.id = a.training_class_id
       LEFT JOIN training_follow_up f ON f.attendance_id = a.id WHERE a.person_id = p.id),
    (SELECT max(m.reached_on) FROM incubatee i JOIN incubatee_milestone m ON m.incubatee_id = i.id
      WHERE i.person_id = p.id),
    (SELECT max(greatest(s.opened_on, s.first_paid_on)) FROM incubated_shop s WHERE s.person_id = p.id),
    (SELECT max(greatest(e.valid_from, e.valid_until)) FROM site_employment e WHERE e.person_id = p.id))"""
_EMPLOYED = (
    "EXISTS (SELECT 1 FROM site_employment e WHERE e.person_id = p.id"
    " AND (e.valid_until IS NULL OR e.valid_until > $1::date))"
)


_KIND = ErasedKind(
    table="project_person",
    column="person_id",
    prefixes=("PH", "PE"),
    kept=RetentionClass.TRAINED,
    unknown=ProjectPersonUnknown,
    last_matter=_LAST_MATTER,
    standing={"employed": _EMPLOYED},
)


@dataclass(frozen=True)
class PersonRetention(PeopleRetention):
    """Of people who were trained, are incubated or work at a site."""

    persons: Persons
    clock: Clock = utc_now

    @property
    def kind(self) -> ErasedKind:
        """People of the project."""
        return _KIND

    async def destroy(self, person: Row) -> None:
        """Name, paper, phone and index go, and the marks in shares of who is assisted."""
        with suppress(FieldUnreadable):  # who cannot be read cannot be looked for
            await forget_marks([self.persons.mark_of(person["number"], person["id_number_cipher"])])
        # The index is another one for each, so that two people who are erased stay two.
        await execute(
            "UPDATE project_person SET name_cipher = '', id_number_cipher = '', phone_cipher = NULL,"
            " id_number_index = decode(md5(random()::text || id), 'hex'), erased_at = $2 WHERE id = $1",
            person["id"],
            self.clock(),
        )
