"""The id of an event: the hash of what it says, by the algorithm of the Core Business Vocabulary 2.0, section 8.9.2.

An event that says the same has the same id, whoever wrote it down, in whatever order. What an event says is one line
(the pre-hash string): its fields in a fixed order, times in UTC to the millisecond, numbers without trailing zeros,
words of the vocabulary as web addresses, EPC URNs as canonical Digital Links, lists sorted. ``eventID``, ``recordTime``
and ``errorDeclaration`` are no part of what it says.

Not read yet, because no event of the house has them: Digital Links of other domains or with more qualifiers than
name the thing, and EPC URNs of other schemes than those of :func:`canonical_link`. They are hashed as they stand.
"""

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from kit.gs1 import check_digit

Event = Mapping[str, Any]

CBV = "https://ref.gs1.org/cbv/"
PREFIXES = {"cbv": CBV, "gs1": "https://gs1.org/voc/", "epcis": "https://ref.gs1.org/epcis/"}
_QUANTITIES = ("epcClass", "quantity", "uom")
_METADATA = (
    "time",
    "startTime",
    "endTime",
    "deviceID",
    "deviceMetadata",
    "rawData",
    "dataProcessingMethod",
    "bizRules",
)
_REPORT = (
    "type", "exception", "deviceID", "deviceMetadata", "rawData", "dataProcessingMethod", "time", "microorganism",
    "chemicalSubstance", "value", "component", "stringValue", "booleanValue", "hexBinaryValue", "uriValue", "minValue",
    "maxValue", "meanValue", "sDev", "percRank", "percValue", "uom", "coordinateReferenceSystem",
)  # fmt: skip
_ORDER = (
    "eventTime", "eventTimeZoneOffset", "certificationInfo", "epcList", "parentID", "inputEPCList", "childEPCs",
    "quantityList", "childQuantityList", "inputQuantityList", "outputEPCList", "outputQuantityList",
    "action", "transformationID",
    "bizStep", "disposition", "persistentDisposition", "readPoint", "bizLocation", "bizTransactionList", "sourceList",
    "destinationList", "sensorElementList", "ilmd",
)  # fmt: skip
_UNSAID = frozenset({"type", "eventID", "recordTime", "errorDeclaration", "@context"})
_TIMES = frozenset({"eventTime", "time", "startTime", "endTime"})
# Bare words stand for addresses; which ones depends on the field.
_WORDS = {
    "bizStep": "BizStep-", "disposition": "Disp-", "set": "Disp-", "unset": "Disp-", "bizTransaction": "BTT-",
    "source": "SDT-", "destination": "SDT-",
}  # fmt: skip
_URNS = {"bizstep": "BizStep-", "disp": "Disp-", "btt": "BTT-", "sdt": "SDT-", "er": "ER-"}


def event_id(event: Event, namespaces: Mapping[str, str] | None = None) -> str:
    """``ni:///sha-256;<hex>?ver=CBV2.0``. ``namespaces`` are those that the event's context declares, by prefix."""
    said = pre_hash(event, namespaces or {})
    return f"ni:///sha-256;{hashlib.sha256(said.encode()).hexdigest()}?ver=CBV2.0"


def pre_hash(event: Event, namespaces: Mapping[str, str]) -> str:
    """What an event says, as one line."""
    spaces = PREFIXES | dict(namespaces)
    parts = [f"eventType={event['type']}"]
    parts += [_field(name, event[name], spaces) for name in _ORDER if name in event]
    own = [name for name in event if name not in _ORDER and name not in _UNSAID]
    return "".join(parts) + _extensions({name: event[name] for name in own}, spaces)


def _field(name: str, value: Any, spaces: Mapping[str, str]) -> str:
    """One field of an event, '' when it says nothing."""
    if name in {"epcList", "inputEPCList", "outputEPCList", "childEPCs"}:
        said = "".join(sorted(f"epc={_value('epc', each, spaces)}" for each in value))
    elif name.lower().endswith("quantitylist"):
        said = _list("quantityElement", [_ordered(_QUANTITIES, each, spaces) for each in value])
    elif name in {"bizTransactionList", "sourceList", "destinationList"}:
        said = "".join(sorted(_typed(name[:-4], each, spaces) for each in value))
    elif name == "sensorElementList":
        said = _list("sensorElement", [_sensor(each, spaces) for each in value])
    elif name == "persistentDisposition":
        said = _ordered(("set", "unset"), value, spaces)
    elif name in {"readPoint", "bizLocation"}:
        said = _ordered(("id",), value, spaces) + _others(("id",), value, spaces)
    elif name == "ilmd":
        said = _extensions(value, spaces)
    else:
        return f"{name}={_value(name, value, spaces)}"
    return name + said if said else ""


def _list(name: str, said: list[str]) -> str:
    return "".join(sorted(name + each for each in said))


def _typed(name: str, told: Event, spaces: Mapping[str, str]) -> str:
    """A transaction or a party: its name, then what kind it is."""
    kind = f"type={_word(name, told['type'], spaces)}" if "type" in told else ""
    return f"{name}={_value('id', told[name], spaces)}{kind}"


def _sensor(told: Event, spaces: Mapping[str, str]) -> str:
    metadata = told.get("sensorMetadata", {})
    first = _ordered(_METADATA, metadata, spaces) + _others(_METADATA, metadata, spaces)
    reports = [_ordered(_REPORT, each, spaces) + _others(_REPORT, each, spaces) for each in told["sensorReport"]]
    own = _others(("sensorMetadata", "sensorReport"), told, spaces)
    return ("sensorMetadata" + first if first else "") + _list("sensorReport", reports) + own


def _ordered(names: tuple[str, ...], told: Event, spaces: Mapping[str, str]) -> str:
    """Some fields of a part in their order; a list of values is sorted."""
    said = []
    for name in names:
        if name in told:
            values = told[name] if isinstance(told[name], list) else [told[name]]
            said += sorted(f"{name}={_value(name, each, spaces)}" for each in values)
    return "".join(said)


def _others(known: tuple[str, ...], told: Event, spaces: Mapping[str, str]) -> str:
    return _extensions({name: told[name] for name in told if name not in known and ":" in name}, spaces)


def _extensions(told: Event, spaces: Mapping[str, str]) -> str:
    """Fields of somebody's own namespace, each with what it holds, sorted."""
    said = []
    for name, value in told.items():
        prefix, _, local = name.partition(":")
        full = f"{{{spaces[prefix]}}}{local}" if local and prefix in spaces else name
        for each in value if isinstance(value, list) else [value]:
            said.append(full + (_extensions(each, spaces) if isinstance(each, Mapping) else f"={_plain(each)}"))
    return "".join(sorted(said))


def _value(name: str, value: Any, spaces: Mapping[str, str]) -> str:
    if name in _TIMES:
        return _moment(str(value).strip())
    if name == "type":
        return _measured(str(value), spaces)
    if name in _WORDS:
        return _word(name, value, spaces)
    return _plain(value)


def _word(name: str, value: str, spaces: Mapping[str, str]) -> str:
    """A word of the vocabulary as its address."""
    if value.startswith("urn:epcglobal:cbv:"):
        kind, _, word = value.removeprefix("urn:epcglobal:cbv:").partition(":")
        return f"{CBV}{_URNS[kind]}{word}"
    prefix, colon, local = value.partition(":")
    if colon:
        return spaces[prefix] + local if prefix in spaces else value
    return f"{CBV}{_WORDS[name]}{value}"


def _measured(value: str, spaces: Mapping[str, str]) -> str:
    """What a sensor measures: bare words are those of GS1."""
    prefix, colon, local = value.partition(":")
    if colon:
        return spaces[prefix] + local if prefix in spaces else value
    return PREFIXES["gs1"] + value


def _moment(told: str) -> str:
    moment = datetime.fromisoformat(told).astimezone(UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"


def _plain(value: Any) -> str:
    """A number without zeros that say nothing, a thing's canonical address, or the text as it stands."""
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value).strip()
    try:
        number = Decimal(text)
        if number.is_finite() and abs(number.adjusted()) < 30:
            return f"{number:f}".rstrip("0").rstrip(".") if number % 1 else f"{number.to_integral_value():f}"
    except InvalidOperation:
        pass
    return canonical_link(text)


def canonical_link(text: str) -> str:
    """The Digital Link of an EPC URN of the five schemes that goods, places and parcels have; any other text as it is.

    ``<company>.<reference>`` becomes one key: a trade item's or parcel's leading digit goes to the front, and the check
    digit comes last.
    """
    found = re.fullmatch(r"urn:epc:(?:id|class|idpat):(sgtin|lgtin|sscc|sgln|giai):([0-9]+)\.([^.]*)\.?(.*)", text)
    if found is None:
        return text
    scheme, company, reference, rest = found.groups()
    if scheme in {"sgtin", "lgtin"}:
        digits = reference[:1] + company + reference[1:]
        key = f"01/{digits}{check_digit(digits)}"
        if rest and rest != "*":
            key += f"/{'21' if scheme == 'sgtin' else '10'}/{rest}"
    elif scheme == "sscc":
        digits = reference[:1] + company + reference[1:]
        key = f"00/{digits}{check_digit(digits)}"
    elif scheme == "sgln":
        digits = company + reference
        key = f"414/{digits}{check_digit(digits)}" + (f"/254/{rest}" if rest not in {"", "0", "*"} else "")
    else:
        key = f"8004/{company}{reference}" + (f".{rest}" if rest else "")
    return f"https://id.gs1.org/{key}"
