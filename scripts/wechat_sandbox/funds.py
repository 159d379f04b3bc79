"""Where the money is: fees and the movements on each merchant's basic account, in whole fen."""

from datetime import datetime

from scripts.wechat_sandbox.moments import utc_now
from scripts.wechat_sandbox.records import FundEntry, FundKind, Order, Refund, Split, SplitReturn, random_digits
from scripts.wechat_sandbox.state import Book

MILLION = 1_000_000


def fee_of(amount: int, rate_ppm: int) -> int:
    """The fee on an amount, rounded half up to a whole fen."""
    return (amount * rate_ppm * 2 + MILLION) // (2 * MILLION)


def fee_returned(total: int, refunded_before: int, refund: int, rate_ppm: int) -> int:
    """The fee that goes back with a refund, so that a fully refunded order has cost nothing."""
    kept_before = fee_of(total - refunded_before, rate_ppm)
    return kept_before - fee_of(total - refunded_before - refund, rate_ppm)


class Funds:
    """The basic accounts of all merchants."""

    def __init__(self, entries: Book[FundEntry]) -> None:
        self._entries = entries

    def balance(self, account: str) -> int:
        """What is on the account now, in fen."""
        return sum(entry.amount for entry in self._entries if entry.account == account)

    def entries(self, account: str) -> list[FundEntry]:
        """All movements of an account, oldest first."""
        return sorted((entry for entry in self._entries if entry.account == account), key=lambda entry: entry.at)

    def take_in(self, order: Order, fee: int) -> None:
        """A payment arrives and the fee is deducted."""
        at = order.success_at or utc_now()
        self._add(order.account, "交易", order.total, order.transaction_id, order.out_trade_no, at)
        if fee:
            self._add(order.account, "扣除交易手续费", -fee, order.transaction_id, order.out_trade_no, at)

    def give_back(self, order: Order, refund: Refund, fee: int) -> None:
        """A refund leaves and its fee comes back."""
        self._add(order.account, "退款", -refund.refund, order.transaction_id, refund.refund_id, refund.created_at)
        if fee:
            self._add(
                order.account,
                "退还交易手续费",
                fee,
                order.transaction_id,
                refund.refund_id,
                refund.created_at,
            )

    def undo_refund(self, refund: Refund) -> None:
        """A refund was closed: its money and its fee take the way back."""
        account = refund.sub_mchid or refund.mchid
        moved = sum(entry.amount for entry in self._entries if entry.reference == refund.refund_id)
        self._add(account, "退款关闭", -moved, refund.transaction_id, refund.refund_id, utc_now())

    def share(self, split: Split) -> None:
        """A share goes from the sub-merchant to the receiver."""
        at = split.finished_at or utc_now()
        self._add(split.sub_mchid, "分账", -split.amount, split.transaction_id, split.order_id, at)
        self._add(split.account, "分账", split.amount, split.transaction_id, split.order_id, at)

    def share_back(self, split: Split, returned: SplitReturn) -> None:
        """And back."""
        at = returned.finished_at or utc_now()
        self._add(returned.return_mchid, "分账回退", -returned.amount, split.transaction_id, returned.return_id, at)
        self._add(split.sub_mchid, "分账回退", returned.amount, split.transaction_id, returned.return_id, at)

    def withdraw(self, account: str, amount: int) -> FundEntry:
        """The merchant takes money out to its bank."""
        return self._add(account, "提现", -amount, "", "", utc_now())

    def _add(
        self, account: str, kind: FundKind, amount: int, transaction_id: str, reference: str, at: datetime
    ) -> FundEntry:
        number = f"{at:%Y%m%d%H%M%S%f}{random_digits(8)}"
        entry = FundEntry(
            number=number,
            account=account,
            kind=kind,
            amount=amount,
            transaction_id=transaction_id,
            reference=reference,
            at=at,
        )
        return self._entries.put(number, entry)
