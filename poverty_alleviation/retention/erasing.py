"""Destroying what names a household: columns are emptied, photographs go, and its code stays as the tombstone.

Books, statements' figures and the access log know the code alone, so they stay as they are and can be verified
(decision 0067).
"""

from dataclasses import dataclass, field

import msgspec

from content.evidence.forgetting import forget_evidence
from kit.clock import Clock, utc_now
from kit.database import Row, execute, row, rows, scalar, transaction
from poverty_alleviation.proofs import Proved
from poverty_alleviation.retention.errors import HouseholdNotErasable
from poverty_alleviation.retention.models import ErasureGround
from poverty_alleviation.retention.service import Retention
from poverty_alleviation.stories.service import take_down_stories_of
from poverty_alleviation.vault import household_rights
from traceability.service import forget_supplier_names

GONE = "已清除"
"""What stands where a word has to stand."""

_OF_STATEMENT = "statement_id IN (SELECT id FROM household_statement WHERE household_id = $1)"
_ERASED = {
    "members": "UPDATE household_member SET name_cipher = CASE WHEN name_cipher IS NOT NULL THEN ''::bytea END,"
    " id_number_cipher = NULL, id_number_index = NULL, phone_cipher = NULL, phone_index = NULL, health_cipher = NULL,"
    " sex = NULL, ethnic_group = '', education = '', schooling = '', skill = '' WHERE household_id = $1",
    # The index is another one for each, so that two accounts of one day stay two.
    "accounts": "UPDATE household_account SET number_cipher = '', bank = '',"
    " number_index = decode(md5(random()::text || id), 'hex'),"
    " holder_cipher = CASE WHEN holder_cipher IS NOT NULL THEN ''::bytea END WHERE household_id = $1",
    "wallets": "UPDATE household_wallet SET payee_cipher = '', payee_index = decode(md5(random()::text || id), 'hex')"
    " WHERE household_id = $1",
    "supplier_identities": "UPDATE supplier_identity SET id_number_index = NULL, phone_index = NULL, village = ''"
    " WHERE supplier IN (SELECT supplier FROM supplier_link WHERE household_id = $1)",
    "years": "UPDATE household_year SET list_number_index = NULL WHERE household_id = $1"
    " AND list_number_index IS NOT NULL",
    "share_marks": "UPDATE assisted_share_person SET mark = NULL WHERE household_id = $1 AND mark IS NOT NULL",
    "calls": f"UPDATE statement_call SET script = '{GONE}', note = '' WHERE {_OF_STATEMENT}",
    "sheets": f"UPDATE statement_sheet SET note = '' WHERE {_OF_STATEMENT} AND note <> ''",
    "earlier_filings": "UPDATE earlier_filing SET note = '' WHERE note <> '' AND coalesce(statement_id, (SELECT"
    " s.statement_id FROM statement_sheet s WHERE s.id = sheet_id)) IN (SELECT id FROM household_statement"
    " WHERE household_id = $1)",
    "disputes": f"UPDATE income_dispute SET reason = '{GONE}', answer = '', verdict = '' WHERE household_id = $1",
    "visits": f"UPDATE household_visit SET seen = '{GONE}' WHERE household_id = $1",
    "needs": f"UPDATE household_need SET said = '{GONE}' WHERE household_id = $1",
    "need_steps": f"UPDATE need_step SET note = '{GONE}' WHERE need_id IN"
    " (SELECT id FROM household_need WHERE household_id = $1)",
    "measures": f"UPDATE help_measure SET about = '{GONE}', result = CASE WHEN result <> '' THEN '{GONE}' ELSE '' END"
    " WHERE household_id = $1",
    "household": "UPDATE household SET name_cipher = '', id_number_cipher = NULL, id_number_index = NULL,"
    " phone_cipher = NULL, erased_at = $2 WHERE id = $1",
}
"""By what the report calls it: the statements, with the household's row id. Guards let them pass while the erasure is
approved, and these columns alone."""

_PROVED = {
    Proved.PAYOUT: "household_id = $1",
    Proved.HOUSEHOLD_STATEMENT: "household_id = $1",
    Proved.INCOME_DISPUTE: "household_id = $1",
    Proved.HOUSEHOLD_AGREEMENT: "household_id = $1",
    Proved.HOUSEHOLD_VISIT: "household_id = $1",
    Proved.HELP_MEASURE: "household_id = $1",
    Proved.STORY_CONSENT: "person_id IN (SELECT p.id FROM story_person p JOIN household_member m ON m.code = p.member"
    " WHERE m.household_id = $1)",
    Proved.DEMONSTRATION: "kind = 'household' AND named = (SELECT code FROM household WHERE id = $1)",
}
"""Records of one household alone whose photographs go. A contract and a sheet of wages are of several."""


@dataclass(frozen=True)
class Erasing:
    """Does what was approved."""

    retention: Retention = field(default_factory=Retention)
    clock: Clock = utc_now

    async def erase_approved(self) -> int:
        """Erase households whose erasure is approved and against which nothing stands; answers how many."""
        async with household_rights():
            waiting = await rows("SELECT number FROM household_erasure WHERE state = 'approved' ORDER BY id LIMIT 100")
        return sum([await self.erase(each["number"]) for each in waiting])

    @household_rights()
    async def erase(self, number: str) -> bool:
        """Erase one household whole, in one transaction; answers whether it was done.

        A hold that came after the approval, or anything else that stands against it, leaves it approved.
        """
        async with transaction():
            found = await row(
                "SELECT e.id, e.ground, e.household_id, h.code FROM household_erasure e"
                " JOIN household h ON h.id = e.household_id WHERE e.number = $1 AND e.state = 'approved'"
                " FOR UPDATE OF h, e SKIP LOCKED",
                number,
            )
            if found is None:
                return False
            try:
                await self.retention.refuse_standing(found["code"], ErasureGround(found["ground"]))
            except HouseholdNotErasable:
                return False
            report = await self._destroy(found)
            await execute(
                "UPDATE household_erasure SET state = 'erased', erased_at = $2, report = $3::jsonb WHERE id = $1",
                found["id"],
                self.clock(),
                msgspec.json.encode(report).decode(),
            )
            return True

    async def _destroy(self, found: Row) -> dict[str, int]:
        household, now = found["household_id"], self.clock()
        report = {"photographs": 0}
        for proved, of_household in _PROVED.items():
            numbers = await scalar(f"SELECT array_agg(number) FROM {proved} WHERE {of_household}", household)
            report["photographs"] += await forget_evidence(proved.value, numbers or [], now)
        suppliers = await scalar(
            "SELECT array_agg(DISTINCT supplier) FROM supplier_link WHERE household_id = $1", household
        )
        report["story_consents"] = await take_down_stories_of(household, suppliers or [], now)
        report["suppliers"] = await forget_supplier_names(suppliers or [])
        for name, statement in _ERASED.items():
            more = (now,) if name == "household" else ()
            report[name] = await execute(statement, household, *more)
        return report
