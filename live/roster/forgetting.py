"""When nothing of a host is needed any more, and emptying the record of one (decision 0084).

The county decides; SQL speaks of a row p of ``live_host``, and $1 is today.
"""

from datetime import datetime

from content.evidence.forgetting import forget_evidence
from kit.database import execute
from live.roster.models import PAPERS

LAST_MATTER = """greatest((p.recorded_at AT TIME ZONE 'Asia/Shanghai')::date,
    (SELECT max(c.checked_on) FROM host_identity_check c WHERE c.host_id = p.id),
    (SELECT max(c.valid_until) FROM host_contract c WHERE c.host_id = p.id),
    (SELECT max(t.completed_on) FROM host_training t WHERE t.host_id = p.id),
    (SELECT max((greatest(s.planned_at, s.ended_at) AT TIME ZONE 'Asia/Shanghai')::date)
       FROM live_session s WHERE s.host = p.number))"""
"""The last day on which a host was checked, taught or bound, or presented."""

STANDING = {
    "under_contract": "EXISTS (SELECT FROM host_contract c WHERE c.host_id = p.id AND c.valid_until >= $1::date)",
    "presenting": "EXISTS (SELECT FROM live_session s WHERE s.host = p.number"
    " AND s.state IN ('scheduled', 'ready', 'live', 'interrupted'))",
    "blacklisting": "EXISTS (SELECT FROM host_blacklisting b WHERE b.id_number_index = p.id_number_index"
    " AND b.state = 'proposed')",
}
"""By name: what stands against every erasure of a host."""


def live_records(days: int) -> str:
    """Whether the host was on air within so many days: who stood behind a session is part of its record."""
    return (
        "EXISTS (SELECT FROM live_session s WHERE s.host = p.number AND s.started_at IS NOT NULL"
        f" AND (coalesce(s.ended_at, s.started_at) AT TIME ZONE 'Asia/Shanghai')::date > $1::date - {int(days)})"
    )


async def forget_host(host_id: int, account: str, now: datetime) -> None:
    """Name, card and index go, and the files of all papers; dated rows stay, and so does a mark on the blacklist.

    Inside the caller's transaction, while an erasure is approved.
    """
    for kind in PAPERS:
        await forget_evidence(kind, [account], now)
    # The index is another one for each, so that two hosts who are erased stay two.
    await execute(
        "UPDATE live_host SET name_cipher = '', id_number_cipher = '', erased_at = $2,"
        " id_number_index = decode(md5(random()::text || id), 'hex') WHERE id = $1",
        host_id,
        now,
    )
