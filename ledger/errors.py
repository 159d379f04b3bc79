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
    """A correction takes two people: who proposes may not approve."""

    code = "second_person_needed"
    title = "更正须由两人办理"
    title_en = "A correction needs a second person"
