"""WeChat accounts that households are paid to: a member's own, with consent on paper (domain reference 5).

The member says the number of the own account as a buyer, as the mini-program shows it. Whether it is really the
member's WeChat finds out, which compares the name before it pays.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import msgspec
from tortoise.exceptions import IntegrityError

from accounts.queries import openids_of
from kit.clock import Clock, china_day, utc_now
from kit.database import execute, rows, scalar, transaction
from kit.encryption import FieldCipher
from kit.numbers import opaque_id
from poverty_alleviation.errors import HouseholdUnknown
from poverty_alleviation.households import held_household
from poverty_alleviation.lineage.descent import standing
from poverty_alleviation.register.errors import MemberUnknown, WalletPayeeUnknown, WalletRegistered, WalletUnknown
from poverty_alleviation.register.members import member_place
from poverty_alleviation.register.models import HouseholdWallet
from poverty_alleviation.vault import household_rights


class WalletCard(msgspec.Struct, frozen=True, kw_only=True):
    """A WeChat account of a household; whose it is as a buyer is not told."""

    code: str
    member: str
    document: str
    recorded_at: datetime
    ended_at: datetime | None


class WalletPayee(msgspec.Struct, frozen=True, kw_only=True):
    """Whom to pay: the member's name, and the WeChat identity, None when the account as a buyer is closed."""

    name: str
    openid: str | None


@dataclass(frozen=True)
class Wallets:
    """The poverty office alone writes them."""

    cipher: FieldCipher
    clock: Clock = utc_now

    @household_rights()
    async def enter(self, household: str, member: str, consumer: str, document: str, by: str) -> str:
        """Let a household be paid to a member's WeChat account; answers the entry's code.

        Raises HouseholdUnknown, HouseholdMerged, MemberUnknown (of no adult member today), :class:`WalletPayeeUnknown`,
        :class:`WalletRegistered`.
        """
        if not await openids_of([consumer]):
            raise WalletPayeeUnknown()
        code = opaque_id()
        async with transaction():
            household_id = await held_household(household)
            if not await scalar(
                "SELECT 1 FROM household_member WHERE household_id = $1 AND code = $2 AND NOT is_minor"
                " AND daterange(valid_from, valid_until) @> $3::date",
                household_id,
                member,
                china_day(self.clock()),
            ):
                raise MemberUnknown(member=member)
            try:
                async with transaction():
                    await HouseholdWallet.create(
                        code=code,
                        household_id=household_id,
                        member=member,
                        payee_cipher=self.cipher.encrypt(consumer, wallet_place("payee", code)),
                        payee_index=self.payee_index(consumer),
                        document=document,
                        recorded_by=by,
                        recorded_at=self.clock(),
                    )
            except IntegrityError:
                raise WalletRegistered() from None
        return code

    @household_rights()
    async def end(self, household: str, wallet: str, by: str) -> None:
        """Nobody is paid there any more, but for what is on its way. Raises :class:`WalletUnknown`."""
        ended = await execute(
            "UPDATE household_wallet w SET ended_by = $3, ended_at = $4 FROM household h WHERE h.id = w.household_id"
            " AND h.code = $1 AND w.code = $2 AND w.ended_at IS NULL",
            household,
            wallet,
            by,
            self.clock(),
        )
        if not ended:
            raise WalletUnknown(wallet=wallet[:40])

    async def payee(self, wallet: str) -> WalletPayee:
        """Whom a transfer to a wallet goes to, unmasked. The caller holds the vault; who sends the run is on record."""
        (found,) = await rows(
            "SELECT w.code, w.member, w.payee_cipher, m.name_cipher FROM household_wallet w JOIN LATERAL"
            " (SELECT name_cipher FROM household_member m WHERE m.code = w.member ORDER BY id DESC LIMIT 1) AS m"
            " ON true WHERE w.code = $1",
            wallet,
        )
        consumer = self.cipher.decrypt(bytes(found["payee_cipher"]), wallet_place("payee", found["code"]))
        return WalletPayee(
            name=self.cipher.decrypt(bytes(found["name_cipher"]), member_place("name", found["member"])),
            openid=(await openids_of([consumer])).get(consumer),
        )

    def payee_index(self, consumer: str) -> bytes:
        """By which the wallets of a buyer are found."""
        return self.cipher.blind_index("household_wallet|payee", consumer)


def wallet_place(column: str, code: str) -> str:
    """What a sealed field of a wallet is bound to."""
    return f"household_wallet|{column}|{code}"


@household_rights()
async def wallet_cards(household: str) -> list[WalletCard]:
    """The WeChat accounts that a household has or had, in the order of entry. Raises HouseholdUnknown."""
    found = await rows(
        "SELECT w.code, w.member, w.document, w.recorded_at, w.ended_at FROM household h LEFT JOIN household_wallet w"
        " ON w.household_id = h.id WHERE h.code = $1 ORDER BY w.id LIMIT 1000",
        household,
    )
    if not found:
        raise HouseholdUnknown(household=household)
    return [msgspec.convert(each, WalletCard) for each in found if each["code"] is not None]


WALLET_STANDS = (
    "w.ended_at IS NULL AND EXISTS (SELECT 1 FROM household_member m WHERE m.code = w.member"
    " AND m.household_id = w.household_id AND daterange(m.valid_from, m.valid_until) @> {day})"
)
"""That the wallet w may be paid to on a day: not ended, and its member still belongs to the household, as SQL."""


async def wallets_to_pay(households: Sequence[str], day: date) -> dict[str, str]:
    """The wallet of each household that can be paid by transfer on a day. The caller holds the vault.

    What is still owed to a household that merged is paid to the one in which it stands.
    """
    found = await rows(
        f"SELECT h.code AS household, w.code FROM household h LEFT JOIN {standing('$2::date')} AS s ON s.id = h.id"
        " JOIN household_wallet w ON w.household_id = coalesce(s.into_id, h.id)"
        f" WHERE h.code = ANY($1) AND {WALLET_STANDS.format(day='$2::date')}",
        list(households),
        day,
    )
    return {each["household"]: each["code"] for each in found}
