"""Why the books refuse something."""

from kit.errors import Conflict, Invalid, NotFound, NotPermitted


class JournalUnbalanced(Invalid):
    """The postings of a journal do not sum to zero in each book, or there are none."""

    code = "journal_unbalanced"
    title = "借贷不平衡"
    title_en = "The journal does not balance"


class AccountUnknown(Invalid):
    """The code is not in the chart of accounts."""

    code = "account_unknown"
    title = "科目不存在"
    title_en = "No such account in the chart"


class JournalUnknown(NotFound):
    """No journal with this source."""

    code = "journal_unknown"
    title = "凭证不存在"
    title_en = "No such journal"


class AlreadyReversed(Conflict):
    """The journal has been reversed before."""

    code = "journal_already_reversed"
    title = "该凭证已冲销"
    title_en = "The journal has been reversed already"


class SecondPersonNeeded(NotPermitted):
    """What moves the books takes two people: who proposes may not approve."""

    code = "second_person_needed"
    title = "须由另一账号审核"
    title_en = "A second person has to decide"


class PeriodUnknown(NotFound):
    """Nothing was ever booked in this month."""

    code = "period_unknown"
    title = "账期不存在"
    title_en = "No such period"


class PeriodNotOver(Conflict):
    """The month is not over in China."""

    code = "period_not_over"
    title = "账期尚未结束"
    title_en = "The period is not over"


class PeriodOutOfOrder(Conflict):
    """Months are closed one after the other; ``first`` is the oldest that is open."""

    code = "period_out_of_order"
    title = "须先关闭更早的账期"
    title_en = "An earlier period has to be closed first"


class PeriodNotMovable(Conflict):
    """The month is not where this step begins; ``state`` is where it is."""

    code = "period_not_movable"
    title = "账期当前状态不允许此操作"
    title_en = "The period does not take this step"


class PeriodNotReady(Conflict):
    """The checklist is not fulfilled; ``open`` counts by check what is neither settled nor listed."""

    code = "period_not_ready"
    title = "账期尚有未核对事项"
    title_en = "The period has things that do not agree"


class PeriodItemUnknown(NotFound):
    """Nothing of this kind and key is open in the month; ``keys`` are those that are not."""

    code = "period_item_unknown"
    title = "没有此待列事项"
    title_en = "There is no such thing to be listed"


class CertificateUnknown(NotFound):
    """The month has no certificate: nobody has begun to close it."""

    code = "period_certificate_unknown"
    title = "尚无关账证明"
    title_en = "There is no certificate yet"


class CertificateDiffers(Conflict):
    """What was signed is not the certificate that stands; ``digest`` is the standing one's."""

    code = "period_certificate_differs"
    title = "关账证明已变更，请重新核对"
    title_en = "The certificate is another one; read it again"


class TwoSignersNeeded(NotPermitted):
    """A month is signed by two accounts, one for each signatory."""

    code = "two_signers_needed"
    title = "关账须由两个不同账号分别签字"
    title_en = "A close needs the signatures of two accounts"
