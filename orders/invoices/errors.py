"""What invoices refuse."""

from kit.errors import Conflict, Invalid, NotFound


class InvoiceRequestNotFound(NotFound):
    """There is no such request for an invoice, or it is somebody else's."""

    code = "invoice_request_not_found"
    title = "没有该发票申请"
    title_en = "No such request for an invoice"


class TaxNumberInvalid(Invalid):
    """A company needs a unified social credit code whose check character holds; a person has none."""

    code = "tax_number_invalid"
    title = "企业抬头须填写正确的统一社会信用代码，个人抬头不填"
    title_en = "The tax number is not valid"


class InvoiceNotOffered(Conflict):
    """It is too long after the payment (``days``), or no window has been entered for its day."""

    code = "invoice_not_offered"
    title = "已超过可申请发票的期限"
    title_en = "An invoice can no longer be asked for"


class InvoiceNotPossible(Conflict):
    """The order is not paid, is over, or all of its money went back."""

    code = "invoice_not_possible"
    title = "该订单没有可开票的金额"
    title_en = "There is nothing to invoice"


class InvoiceRequested(Conflict):
    """The order has a request that is open or was answered with an invoice."""

    code = "invoice_requested"
    title = "该订单已申请发票"
    title_en = "An invoice was asked for already"


class InvoiceStateConflict(Conflict):
    """The request is elsewhere in its life (``state``)."""

    code = "invoice_state_conflict"
    title = "发票申请已处理"
    title_en = "The request was answered already"


class InvoiceNumberUsed(Conflict):
    """The merchant has answered another request with this invoice."""

    code = "invoice_number_used"
    title = "该发票号码已用于其他申请"
    title_en = "The invoice answers another request"


class InvoiceFileRefused(Invalid):
    """The file is no picture and no plain PDF of at most 1 MiB; ``because`` says what is wrong with it."""

    code = "invoice_file_refused"
    title = "发票文件须为图片，或不超过 1 MiB、不含脚本且未加密的 PDF"
    title_en = "The invoice is a picture, or a PDF without scripts"


class InvoiceFileMissing(NotFound):
    """The merchant has stored no file of the invoice, or it is no longer kept."""

    code = "invoice_file_missing"
    title = "商户尚未上传发票文件"
    title_en = "No file of the invoice"


class InvoiceWindowKnown(Conflict):
    """A window begins on this day already."""

    code = "invoice_window_known"
    title = "该日期已登记申请期限"
    title_en = "A window begins on this day already"
