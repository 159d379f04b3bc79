"""What this room knows about a consumer."""

from functools import partial

from accounts.service import phone_place
from kit.belongings import Part, Person, Told, told
from kit.database import row
from kit.encryption import FieldCipher, RowOpener


async def personal_data(cipher: FieldCipher, person: Person) -> Told:
    """The account with its phone number, log-ins, consents, exports and closures."""
    profile = await told(
        "SELECT number, appid, openid, unionid, phone_bound_at, created_at, last_login_at FROM consumer_account"
        " WHERE number = $1",
        person.number,
    )
    account = await row("SELECT phone_cipher FROM consumer_account WHERE number = $1", person.number)
    if account and account["phone_cipher"] is not None:
        opener = RowOpener(cipher)
        profile[0]["phone"] = opener.open("phone", account["phone_cipher"], phone_place(person.number))
        profile[0]["unreadable"] = opener.unreadable
    return {
        "profile": profile,
        "sessions": await told(
            "SELECT s.created_at, s.last_seen_at, s.expires_at, s.revoked_at FROM account_session s"
            " JOIN consumer_account c ON c.id = s.consumer_id WHERE c.number = $1 ORDER BY s.id DESC",
            person.number,
        ),
        "consents": await told(
            "SELECT kind, version, given, at FROM consumer_consent WHERE consumer = $1 ORDER BY id", person.number
        ),
        "exports": await told(
            "SELECT number, asked_at, expires_at, fetched FROM data_export WHERE consumer = $1 ORDER BY id",
            person.number,
        ),
        "closures": await told(
            "SELECT number, state, asked_at, due_at, ended_at FROM account_closure WHERE consumer = $1 ORDER BY id",
            person.number,
        ),
        "who_read_it": await told(
            "SELECT acting_as, purpose, fields_read, at FROM access_log WHERE subject = $1 ORDER BY id DESC",
            person.caller,
        ),
    }


async def erase(person: Person) -> None:
    """Nothing is left to do: the claim of the closure has left a tombstone and ended the sessions."""


def part(cipher: FieldCipher) -> Part:
    """This room's row of the table."""
    return Part("accounts", erase, partial(personal_data, cipher))
