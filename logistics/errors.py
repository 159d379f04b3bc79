"""What this room refuses."""

from kit.errors import Conflict, Invalid, NotFound, NotPermitted, Unavailable


class AddressUnknown(NotFound):
    """There is no such address in the owner's book."""

    code = "address_unknown"
    title = "收货地址不存在"
    title_en = "No such address"


class AddressBookFull(Conflict):
    """The book holds as many addresses as it may; ``limit`` says how many."""

    code = "address_book_full"
    title = "收货地址数量已达上限"
    title_en = "The address book is full"


class RegionInvalid(Invalid):
    """A region is a code of six digits that names more than a province (GB/T 2260)."""

    code = "region_invalid"
    title = "所在地区有误，请重新选择"
    title_en = "The region is not valid"


class RegionNotServed(Conflict):
    """Some goods are not sent to this region; ``references`` says which."""

    code = "region_not_served"
    title = "部分商品不支持配送到该地区"
    title_en = "Some goods are not sent to this region"


class FreightTemplateUnknown(NotFound):
    """There is no such freight template, or it is another merchant's, or it has been retired."""

    code = "freight_template_unknown"
    title = "运费模板不存在"
    title_en = "No such freight template"


class FreightTermsInvalid(Invalid):
    """A freight template names a region twice, has two rules for everywhere else, or serves nobody."""

    code = "freight_terms_invalid"
    title = "运费规则有误"
    title_en = "The freight terms are not valid"


class FreightTemplatesFull(Conflict):
    """The merchant has as many templates, or the template as many versions, as it may; ``limit`` says how many."""

    code = "freight_templates_full"
    title = "运费模板数量已达上限"
    title_en = "There are too many freight templates"


class CarrierUnknown(NotFound):
    """There is no such carrier, or it is not used any more."""

    code = "carrier_unknown"
    title = "承运商不存在或已停用"
    title_en = "No such carrier"


class ParcelUnknown(NotFound):
    """There is no such parcel, or it is another merchant's."""

    code = "parcel_unknown"
    title = "包裹不存在"
    title_en = "No such parcel"


class ParcelStateConflict(Conflict):
    """The parcel is in a state from which this step does not lead; ``state`` says which."""

    code = "parcel_state"
    title = "包裹当前状态不允许此操作"
    title_en = "Not possible in the parcel's present state"


class WaybillMissing(Conflict):
    """A parcel is handed over with its waybill."""

    code = "waybill_missing"
    title = "请先填写运单号"
    title_en = "The parcel has no waybill yet"


class CarrierServiceMissing(Conflict):
    """This installation has no service that tracks parcels and prints waybills."""

    code = "carrier_service_missing"
    title = "未开通物流查询与电子面单服务"
    title_en = "There is no carrier service"


class CarrierAccountMissing(Conflict):
    """The merchant has no contract with this carrier for electronic waybills."""

    code = "carrier_account_missing"
    title = "尚未配置该承运商的电子面单账号"
    title_en = "The merchant has no account with this carrier"


class LabelRefused(Conflict):
    """The carrier does not print this waybill; ``reason`` is its word."""

    code = "label_refused"
    title = "承运商未受理电子面单"
    title_en = "The carrier refused the waybill"


class CarrierAway(Unavailable):
    """The carrier's service does not answer, or its answer cannot be read."""

    code = "carrier_away"
    title = "物流服务暂不可用，请稍后再试"
    title_en = "The carrier's service does not answer"


class TracksForged(NotPermitted):
    """A push of tracks does not carry the signature of its sender."""

    code = "tracks_forged"
    title = "签名验证失败"
    title_en = "The signature does not match"


class ReportUnknown(NotFound):
    """There is no such report to WeChat that waits for a person."""

    code = "shipping_report_unknown"
    title = "没有待人工处理的发货信息"
    title_en = "No such report waits for a person"
