"""The id of an event: the hash of what it says, by the algorithm of the Core Business Vocabulary 2.0, section 8.9.2.

An event that says the same has the same id, whoever wrote it down, in whatever order. What an event says is one line
(the pre-hash string): its fields in a fixed order, times in UTC to the millisecond, numbers without trailing zeros,
words of the vocabulary as web addresses, EPC URNs as canonical Digital Links, lists sorted. ``eventID``, ``recordTime``
and ``errorDeclaration`` are no part of what it says.

Where the text of the standard and the reference implementation (epcis-event-hash-generator 1.9.3, which most senders
use) differ, :func:`event_id` follows the text and :func:`reference_id` the implementation: it puts the type of a
transaction, a source or a destination before its name, and those lists and ``ilmd`` among the extensions.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from epcis.keys import canonical_link

Event = Mapping[str, Any]

CBV = "https://ref.gs1.org/cbv/"
PREFIXES = {
    "cbv": CBV,
    "gs1": "https://gs1.org/voc/",
    "epcis": "https://ref.gs1.org/epcis/",
    "cbvmda": "urn:epcglobal:cbv:mda:",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "dcterms": "http://purl.org/dc/terms/",
}
"""What the standard's own context declares."""
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
_COMMENT = "rdfs:comment"
"""A remark, which says nothing of what happened."""
_TIMES = frozenset({"eventTime", "time", "startTime", "endTime"})
# Bare words stand for addresses; which ones depends on the field.
_WORDS = {
    "bizStep": "BizStep-", "disposition": "Disp-", "set": "Disp-", "unset": "Disp-", "bizTransaction": "BTT-",
    "source": "SDT-", "destination": "SDT-", "component": "Comp-",
}  # fmt: skip
_URNS = {"bizstep": "BizStep-", "disp": "Disp-", "btt": "BTT-", "sdt": "SDT-", "er": "ER-"}


_TYPED = ("bizTransactionList", "sourceList", "destinationList")
# What the reference implementation sorts in among the extensions.
_LOOSE = frozenset({*_TYPED, "ilmd"})


def event_id(event: Event, namespaces: Mapping[str, str] | None = None) -> str:
    """``ni:///sha-256;<hex>?ver=CBV2.0``. ``namespaces`` are those that the event's context declares, by prefix."""
    return _named(pre_hash(event, namespaces or {}))


def reference_id(event: Event, namespaces: Mapping[str, str]) -> str:
    """The id by the reference implementation; the same unless the event has a list that it orders otherwise."""
    spaces = PREFIXES | dict(namespaces)
    parts = [f"eventType={event['type']}"]
    parts += [_field(name, event[name], spaces) for name in _ORDER if name in event and name not in _LOOSE]
    loose = [_typed_first(name, event[name], spaces) for name in _TYPED if name in event]
    loose += [_field("ilmd", event["ilmd"], spaces)] if "ilmd" in event else []
    return _named("".join(parts) + "".join(sorted(loose)) + _extensions(_unordered(event), spaces))


def _named(said: str) -> str:
    return f"ni:///sha-256;{hashlib.sha256(said.encode()).hexdigest()}?ver=CBV2.0"


def pre_hash(event: Event, namespaces: Mapping[str, str]) -> str:
    """What an event says, as one line."""
    spaces = PREFIXES | dict(namespaces)
    parts = [f"eventType={event['type']}"]
    parts += [_field(name, event[name], spaces) for name in _ORDER if name in event]
    return "".join(parts) + _extensions(_unordered(event), spaces)


def _unordered(event: Event) -> Event:
    return {name: value for name, value in event.items() if name not in _ORDER and name not in _UNSAID}


def _field(name: str, value: Any, spaces: Mapping[str, str]) -> str:
    """One field of an event, '' when it says nothing."""
    if name in {"epcList", "inputEPCList", "outputEPCList", "childEPCs"}:
        said = "".join(sorted(f"epc={_value('epc', each, spaces)}" for each in value))
    elif name.lower().endswith("quantitylist"):
        said = _list("quantityElement", [_ordered(_QUANTITIES, each, spaces) for each in value])
    elif name in _TYPED:
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
        return _ordered((name,), {name: value}, spaces)
    return name + said if said else ""


def _list(name: str, said: list[str]) -> str:
    return "".join(sorted(name + each for each in said))


def _typed(name: str, told: Event, spaces: Mapping[str, str]) -> str:
    """A transaction or a party: its name, then what kind it is."""
    kind = f"type={_word(name, told['type'], spaces)}" if "type" in told else ""
    return f"{name}={_value('id', told[name], spaces)}{kind}"


def _typed_first(name: str, told: list[Event], spaces: Mapping[str, str]) -> str:
    """A list of transactions or parties as the reference implementation says it."""
    one = name[:-4]
    said = []
    for each in told:
        kind = f"type={_word(one, each['type'], spaces)}" if "type" in each else ""
        said.append(f"{kind}{one}={_value('id', each[one], spaces)}")
    return name + "".join(sorted(said)) if said else ""


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
        if name == _COMMENT:
            continue
        prefix, _, local = name.partition(":")
        full = f"{{{spaces[prefix]}}}{local}" if local and prefix in spaces else name
        for each in value if isinstance(value, list) else [value]:
            said.append(full + (_extensions(each, spaces) if isinstance(each, Mapping) else f"={_plain(each)}"))
    return "".join(sorted(said))


def _value(name: str, value: Any, spaces: Mapping[str, str]) -> str:
    if name in _TIMES:
        return _moment(str(value).strip())
    if name in {"type", "exception"}:
        return _measured(str(value), spaces)
    if name in _WORDS:
        return _word(name, value, spaces)
    return _plain(_expanded(value, spaces)) if isinstance(value, str) else _plain(value)


def _expanded(value: str, spaces: Mapping[str, str]) -> str:
    """A name with a declared prefix as its address."""
    prefix, colon, local = value.partition(":")
    return spaces[prefix] + local if colon and prefix in spaces and not local.startswith("//") else value


def _word(name: str, value: str, spaces: Mapping[str, str]) -> str:
    """A word of the vocabulary as its address."""
    if value.startswith("urn:epcglobal:cbv:"):
        kind, _, word = value.removeprefix("urn:epcglobal:cbv:").partition(":")
        return f"{CBV}{_URNS.get(kind, '')}{word}"
    return _expanded(value, spaces) if ":" in value else f"{CBV}{_WORDS[name]}{value}"


def _measured(value: str, spaces: Mapping[str, str]) -> str:
    """What a sensor measures: bare words are those of GS1."""
    return _expanded(value, spaces) if ":" in value else PREFIXES["gs1"] + value


def _moment(told: str) -> str:
    """In UTC, half a millisecond rounded up."""
    moment = datetime.fromisoformat(told).astimezone(UTC) + timedelta(microseconds=500)
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
