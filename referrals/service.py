"""Becoming a referrer, the code that others bring back, and what the county pays."""

from dataclasses import dataclass

from tortoise.exceptions import IntegrityError

from accounts.consents import agreeing, document_in_force
from accounts.own_data_models import DocumentKind
from kit.clock import Clock, utc_now
from kit.database import Row, execute, row, rows, scalar, transaction
from kit.numbers import opaque_id, public_number
from kit.outbox import announce
from kit.source_tokens import SourceTokens
from referrals.errors import DueChanged, NothingDue, ReferralNotAgreed, ReferrerUnknown, VoucherTaken
from referrals.events import ReferrerPaid
from referrals.terms import terms_in_force

SOURCE_PREFIX = "referral:"


def code_in(source: str | None) -> str | None:
    """The referrer's code in an order's source; None when the purchase began elsewhere."""
    return source.removeprefix(SOURCE_PREFIX) if source and source.startswith(SOURCE_PREFIX) else None


@dataclass(frozen=True)
class Referrers:
    """Consumers in the programme."""

    clock: Clock = utc_now

    async def join(self, consumer: str) -> str:
        """Take part; answers the code, the same when repeated.

        Raises ReferralTermsUnknown, DocumentUnknown, and ReferralNotAgreed without a consent to the version in force.
        """
        now = self.clock()
        await terms_in_force(now)
        document = await document_in_force(DocumentKind.REFERRAL_TERMS, now)
        if not await agreeing([consumer], DocumentKind.REFERRAL_TERMS, now):
            raise ReferralNotAgreed(version=document.version)
        await row(
            "INSERT INTO referrer (code, consumer, agreed_version, joined_at) VALUES ($1, $2, $3, $4)"
            " ON CONFLICT DO NOTHING RETURNING id",
            opaque_id()[:16],
            consumer,
            document.version,
            now,
        )
        return str(await scalar("SELECT code FROM referrer WHERE consumer = $1 AND left_at IS NULL", consumer))

    async def leave(self, consumer: str) -> None:
        """The code brings nothing from now on; what is pending stays. Repeating it changes nothing."""
        await execute(
            "UPDATE referrer SET left_at = $2 WHERE consumer = $1 AND left_at IS NULL", consumer, self.clock()
        )

    async def pay(self, code: str, amount_fen: int, voucher: str, by: str) -> int:
        """The county has paid all that is due to a referrer less what was overpaid; answers how much, in fen.

        ``amount_fen`` is what the bank has paid: what became due meanwhile is not paid with it. What a refund has taken
        back of something paid comes off, whichever code of the person it was paid on.
        Raises ReferrerUnknown, NothingDue, DueChanged, VoucherTaken.
        """
        async with transaction():
            now = self.clock()
            codes = await rows(
                "SELECT r.id, r.code FROM referrer r JOIN referrer n ON n.consumer = r.consumer WHERE n.code = $1"
                " ORDER BY r.id FOR UPDATE OF r",
                code,
            )
            if not codes:
                raise ReferrerUnknown()
            held = next(each["id"] for each in codes if each["code"] == code)
            overpaid = await _overpaid([each["id"] for each in codes])
            clawback = sum(each["fen"] for each in overpaid)
            due = await scalar(
                "SELECT COALESCE(sum(due_fen), 0)::bigint FROM referral_share WHERE referrer_id = $1 AND state = 'due'",
                held,
            )
            due -= clawback
            if due <= 0:
                raise NothingDue()
            if due != amount_fen:
                raise DueChanged(due_fen=due)
            number = public_number(now, "P")
            try:
                async with transaction():
                    payout = await scalar(
                        "INSERT INTO referral_payout (number, referrer_id, amount_fen, voucher, paid_at, paid_by,"
                        " clawback_fen) VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
                        number,
                        held,
                        due,
                        voucher,
                        now,
                        by,
                        clawback,
                    )
            except IntegrityError:
                raise VoucherTaken() from None
            await execute(
                "UPDATE referral_share SET state = 'paid', payout_id = $2 WHERE referrer_id = $1 AND state = 'due'",
                held,
                payout,
            )
            await execute(
                "UPDATE referral_share SET recovered_fen = clawed_fen WHERE referrer_id = ANY($1)"
                " AND clawed_fen > recovered_fen",
                [each["id"] for each in codes],
            )
            offsets = {each["code"]: each["fen"] for each in overpaid if each["code"] != code}
            await announce(
                ReferrerPaid(payout=number, referrer=code, fen=int(due), offsets=offsets, voucher=voucher, paid_at=now)
            )
        return int(due)


async def _overpaid(codes: list[int]) -> list[Row]:
    """What was paid on some codes, lost to refunds since, and has not come off a payment yet."""
    return await rows(
        "SELECT r.code, sum(s.clawed_fen - s.recovered_fen)::bigint AS fen FROM referral_share s"
        " JOIN referrer r ON r.id = s.referrer_id WHERE r.id = ANY($1) AND s.clawed_fen > s.recovered_fen"
        " GROUP BY r.code",
        codes,
    )


class ReferralTokens(SourceTokens):
    """A purchase began with a referrer: ``referral:<code>``."""

    room = "referrals"
    prefix = SOURCE_PREFIX

    async def token(self, code: str) -> str:
        """For whoever has followed a referrer's link, to be handed to checkout. Raises ReferrerUnknown."""
        if not await scalar("SELECT 1 FROM referrer WHERE code = $1 AND left_at IS NULL", code):
            raise ReferrerUnknown()
        return self.signed(code)
