"""Why a run does not go on."""

from kit.errors import Conflict, Invalid, NotFound, NotPermitted


class PayoutRunUnknown(NotFound):
    """No run, or no line of it, with this number."""

    code = "payout_run_unknown"
    title = "付款批次或其明细不存在"
    title_en = "No such payout run or line"


class PayoutRunStands(Conflict):
    """The run or the line cannot go there from where it stands."""

    code = "payout_run_stands"
    title = "付款批次当前状态不允许此操作"
    title_en = "The payout run does not allow this now"


class NothingToPay(Conflict):
    """Nothing is due, or everything on the list has changed, is disputed or has lost its account."""

    code = "nothing_to_pay"
    title = "没有可付的款项"
    title_en = "There is nothing to pay"


class LinesStopped(Conflict):
    """Lines wait for a decision about their account; ``positions`` names them."""

    code = "payout_lines_stopped"
    title = "有明细的收款账户待决定"
    title_en = "Lines wait for a decision about their account"


class PayeesUnreadable(Conflict):
    """The payee's name or account number of every line, or of one that the bank may have, is damaged; ``positions``."""

    code = "payout_payees_unreadable"
    title = "收款人姓名或账号已损坏，无法导出，请联系系统管理员"
    title_en = "The name or account of a payee is damaged"


class RunNeedsSecondPerson(NotPermitted):
    """Who drafted a run, or decided about an account of it, does not approve it."""

    code = "payout_run_second_person"
    title = "付款批次须由另一人批准"
    title_en = "A second person approves a payout run"


class ExportOver(Conflict):
    """The file of a run is answered within a day of its approval, three times at most."""

    code = "payout_export_over"
    title = "导出已过期或次数已满"
    title_en = "The export has expired or was taken too often"


class BankResultRefused(Invalid):
    """The bank's file does not fit the run: nothing of it was recorded; ``problems`` names rows, never values."""

    code = "bank_result_refused"
    title = "银行结果文件与付款批次不符，未登记任何结果"
    title_en = "The bank's file does not fit the run"
