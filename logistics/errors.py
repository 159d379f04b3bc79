"""What this room refuses."""

from kit.errors import Conflict, Invalid, NotFound


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
