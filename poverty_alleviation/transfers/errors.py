"""Why nothing is transferred."""

from kit.errors import Conflict


class TransfersNotOffered(Conflict):
    """This installation pays nobody by transfer: it is not configured."""

    code = "payout_transfers_not_offered"
    title = "未开通微信转账付款"
    title_en = "Payouts by transfer are not offered here"
