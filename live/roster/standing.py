"""Whether a host may present on a day, as far as it can be told without opening what is sealed."""

from datetime import date

from accounts.queries import is_host
from kit.database import row

BLACKLISTED = (
    "COALESCE((SELECT b.kind = 'listing' FROM host_blacklisting b WHERE b.id_number_index = {mark}"
    " AND b.state = 'approved' ORDER BY b.decided_at DESC, b.id DESC LIMIT 1), false)"
)
"""Whether a card's mark is on the list now: the last thing that was decided about it."""

_STANDING = f"""
SELECT {BLACKLISTED.format(mark="h.id_number_index")} AS blacklisted,
  EXISTS (SELECT FROM host_identity_check c WHERE c.host_id = h.id AND $2 BETWEEN c.checked_on AND c.valid_until)
    AS identity_check,
  EXISTS (SELECT FROM host_contract c WHERE c.host_id = h.id AND $2 BETWEEN c.valid_from AND c.valid_until) AS contract,
  EXISTS (SELECT FROM host_training t WHERE t.host_id = h.id AND t.completed_on <= $2) AS training
FROM live_host h WHERE h.number = $1 AND h.erased_at IS NULL
"""


async def missing_parts(host: str, day: date) -> list[str]:
    """What a host lacks on a day: ``blacklisted``, ``identity_check``, ``contract``, ``training``.

    ``unknown`` alone without a record, or for an account that presents no more.
    """
    found = await row(_STANDING, host, day)
    if found is None or not await is_host(host):
        return ["unknown"]
    wanted = ("identity_check", "contract", "training")
    return ["blacklisted"] * found["blacklisted"] + [name for name in wanted if not found[name]]
