"""What this room refuses."""

from kit.errors import Invalid


class TemplateFieldsInvalid(Invalid):
    """A template's fields are not named as WeChat names them, or ask for values that the moment does not have."""

    code = "template_fields_invalid"
    title = "消息模板字段有误"
    title_en = "The fields of the message template are not valid"
