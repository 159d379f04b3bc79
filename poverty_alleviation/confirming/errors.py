"""Why a household's word is not taken down."""

from kit.errors import Conflict, Invalid, NotFound, NotPermitted


class ConfirmationTooEarly(Invalid):
    """Nobody confirms what has not been issued yet, or tomorrow."""

    code = "confirmation_too_early"
    title = "确认时间须在出具之后、且不晚于现在"
    title_en = "A confirmation comes after the issue and not after now"


class SheetUnknown(NotFound):
    """No photographed sheet with this number."""

    code = "statement_sheet_unknown"
    title = "签字页照片不存在"
    title_en = "No such sheet"


class SheetDecided(Conflict):
    """The sheet cannot go there from where it stands."""

    code = "statement_sheet_decided"
    title = "该签字页已处理或尚未归档"
    title_en = "The sheet is decided already, or not filed yet"


class SheetNotSeen(Conflict):
    """Who accepts a sheet has looked at its photograph before, and that is on record."""

    code = "statement_sheet_not_seen"
    title = "请先查看该签字页照片，再确认签字"
    title_en = "Look at the photograph of the sheet before you accept it"


class SheetConfirmed(Conflict):
    """What the sheet has confirmed stands in the books: it is taken back by corrections first, by two persons.

    ``rows``: what is confirmed by it, at most 50.
    """

    code = "statement_sheet_confirmed"
    title = "该签字页已确认的收入尚未更正，不能重新归档"
    title_en = "What the sheet has confirmed is corrected before the sheet is filed anew"


class SheetFiledBySame(Conflict):
    """A sheet that was filed anew is accepted by another account than the one that filed it."""

    code = "statement_sheet_same_person"
    title = "重新归档的签字页须由另一人核对签字"
    title_en = "A sheet that was filed anew is accepted by another person"


class DisputeUnknown(NotFound):
    """No dispute with this number."""

    code = "income_dispute_unknown"
    title = "异议不存在"
    title_en = "No such dispute"


class DisputeStands(Conflict):
    """The dispute cannot go there from where it stands."""

    code = "income_dispute_stands"
    title = "异议当前状态不允许此操作"
    title_en = "The dispute does not allow this now"


class DisputedRowUnknown(Invalid):
    """A row is not the household's, is confirmed, refused or taken back already, or is not owed."""

    code = "disputed_row_unknown"
    title = "异议所列收入不属于该户、已确认、已更正或不在应付中"
    title_en = "A disputed row is not open to dispute"


class RowDisputed(Conflict):
    """The household says that this row or claim is wrong: it waits until that is settled."""

    code = "income_disputed"
    title = "该笔收入或追偿有异议，处理完毕前不能确认、付款、批准或抵扣"
    title_en = "This income or claim is disputed"


class CorrectionNotOfDispute(Invalid):
    """The correction is not approved, or corrects none of the disputed rows."""

    code = "correction_not_of_dispute"
    title = "更正单未批准，或与异议所列收入无关"
    title_en = "The correction is not approved or not about these rows"


class OwnDisputeInvalid(Invalid):
    """Nothing of the household's is ticked, no reason of the list, or more than 200 characters."""

    code = "own_dispute_invalid"
    title = "请勾选有疑问的款项并选择原因；说明不超过 200 字"
    title_en = "Tick a row and choose a reason; at most 200 characters"


class TooManyOwnDisputes(NotPermitted):
    """A household has opened as many disputes from its page as are taken within a day."""

    code = "too_many_own_disputes"
    title = "今日提出次数已满，请联系帮扶干部"
    title_en = "No more disputes are taken from this page today"
