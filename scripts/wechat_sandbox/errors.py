"""Refusals in the two shapes of WeChat.

Pay v3 (HTTP status and code) and the mini-program API (errcode, HTTP 200).
"""

import re
from typing import Any

import msgspec


class PayError(Exception):
    """A refusal of Pay v3.

    HTTP ``status``, ``code`` to branch on, ``message`` for people, and an optional ``detail``.

    ``number`` is the numeric code that WeChat puts behind the last hyphen of ``Request-ID`` (wechat
    reference 2.2).
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        number: int = 268435461,
        detail: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.number = number
        self.detail = detail

    def body(self) -> bytes:
        """The JSON body of the answer."""
        content: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.detail:
            content["detail"] = self.detail
        return msgspec.json.encode(content)


class MiniProgramError(Exception):
    """A refusal of the mini-program API: always HTTP 200 with ``errcode`` and ``errmsg``."""

    def __init__(self, errcode: int, errmsg: str) -> None:
        super().__init__(f"{errcode} {errmsg}")
        self.errcode = errcode
        self.errmsg = errmsg


def parameter_error(
    field: str, issue: str, *, value: str = "", location: str = "body", number: int = 268435461
) -> PayError:
    """400 PARAM_ERROR that names one field."""
    return PayError(
        400,
        "PARAM_ERROR",
        f"参数错误：{field or '请求体'} {issue}",
        number=number,
        detail={"field": field, "value": value, "issue": issue, "location": location},
    )


def rule_error(message: str, *, number: int = 268435461) -> PayError:
    """400 INVALID_REQUEST: well formed, and against the rules."""
    return PayError(400, "INVALID_REQUEST", message, number=number)


_UNKNOWN = re.compile(r"unknown field `(?P<name>[^`]*)`")
_PLACE = re.compile(r" - at `\$(?P<path>[^`]*)`$")
UNKNOWN_FIELD_NUMBER = 270924358


def describe_validation(error: msgspec.ValidationError, location: str = "body") -> PayError:
    """Turn msgspec's sentence into the PARAM_ERROR that WeChat would answer."""
    sentence = str(error)
    place = _PLACE.search(sentence)
    path = place["path"].replace(".", "/").replace("[", "/").replace("]", "") if place else ""
    unknown = _UNKNOWN.search(sentence)
    if unknown:
        field = f"{path}/{unknown['name']}"
        return parameter_error(field, "is not a known field", location=location, number=UNKNOWN_FIELD_NUMBER)
    return parameter_error(path, _PLACE.sub("", sentence), location=location)
