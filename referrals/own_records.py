"""What the programme knows about a consumer: the own codes and commissions."""

from collections.abc import Mapping

from kit.belongings import Part, Person, Told, told
from kit.database import scalar
from referrals.service import Referrers


async def personal_data(person: Person) -> Told:
    """Codes and commissions; whose orders they come from is not the person's to know."""
    return {
        "referrer": await told(
            "SELECT code, agreed_version, joined_at, left_at FROM referrer WHERE consumer = $1 ORDER BY id",
            person.number,
        ),
        "commissions": await told(
            "SELECT s.state, s.share_fen, s.left_fen, s.due_fen, s.clawed_fen, s.month FROM referral_share s"
            " JOIN referrer r ON r.id = s.referrer_id WHERE r.consumer = $1 ORDER BY s.id",
            person.number,
        ),
    }


async def open_matters(person: Person) -> Mapping[str, int]:
    """Commissions that are not paid yet."""
    return {
        "commissions": await scalar(
            "SELECT count(*) FROM referral_share s JOIN referrer r ON r.id = s.referrer_id WHERE r.consumer = $1"
            " AND (s.state = 'pending' OR s.state = 'due' AND s.due_fen > 0)",
            person.number,
        )
    }


async def erase(person: Person) -> None:
    """The code ends. Commissions are records of trade and stay under the number."""
    await Referrers().leave(person.number)


PART = Part("referrals", erase, personal_data, open_matters)
