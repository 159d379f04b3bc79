"""Whether a document of events is EPCIS 2.0, in form and in sense (domain reference 3.1 and 3.2).

The form is at least as strict as the official JSON schema; the sense is what a schema cannot say: words of the
vocabulary however they are spelt, prefixes that are declared, keys with their check digits, ids that are the hash of
what the event says, parts that an event needs. Written anew from the standard, because a schema answers with
alternatives that did not fit and not with the member that is wrong.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from epcis import vocabulary
from epcis.checks import Check, moment_of, texts
from epcis.contexts import read_context
from epcis.findings import MAX_FINDINGS, Finding, finding
from epcis.hashes import CBV, PREFIXES, event_id, reference_id

MAX_ID_CHARS = 100
_HASH = re.compile(r"ni:///sha-256;[0-9a-f]{64}\?ver=CBV2\.0")


class CheckedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event without a fault, at ``where`` in its file. ``digest`` is the id that its content gives, ``event_id``
    what it is called.
    """

    place: int
    where: str
    event: dict[str, Any]
    spaces: dict[str, str]
    digest: str
    event_id: str

    @property
    def declares(self) -> bool:
        """Whether it declares an event wrong."""
        return "errorDeclaration" in self.event


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What a check found: ``total`` events in the file, those without a fault, and every finding."""

    total: int
    events: list[CheckedEvent]
    findings: list[Finding]


def check_document(told: Any, max_events: int) -> Checked:
    """Check an EPCISDocument."""
    check = Check(None, {})
    body = told.get("epcisBody") if isinstance(told, dict) and told.get("type") == "EPCISDocument" else None
    listed = body.get("eventList") if isinstance(body, dict) else None
    if not isinstance(told, dict) or not isinstance(listed, list):
        return Checked(total=0, events=[], findings=[finding("not_a_document")])
    if not 0 < len(listed) <= max_events:
        code = "too_many_events" if listed else "no_events"
        return Checked(total=len(listed), events=[], findings=[finding(code, "/epcisBody/eventList", len(listed))])
    spaces = _context(check, told, "", needed=True)
    check.members(told, "", _DOCUMENT, ("@context", "type", "schemaVersion", "creationDate", "epcisBody"))
    if told.get("schemaVersion") not in ("2.0", "2.0.0"):
        check.fault("version_wrong", "/schemaVersion", told.get("schemaVersion"))
    return _all(check.found, listed, spaces, "/epcisBody/eventList/{}", needed=False)


def check_event(told: Any) -> Checked:
    """Check one event that stands alone."""
    return _all([], [told], {}, "", needed=True)


def _all(found: list[Finding], listed: list[Any], spaces: dict[str, str], where: str, *, needed: bool) -> Checked:
    events = []
    broken = any(each.blocks for each in found)
    for place, event in enumerate(listed):
        check = Check(place, spaces)
        good = _event(check, event, where.format(place), needed=needed)
        found = found + check.found if len(found) < MAX_FINDINGS else found
        if good is not None and not broken:
            events.append(good)
    return Checked(total=len(listed), events=events, findings=found[:MAX_FINDINGS])


def _event(check: Check, event: Any, at: str, *, needed: bool) -> CheckedEvent | None:
    if not isinstance(event, dict):
        check.fault("kind_wrong", at, event)
        return None
    kind = event.get("type")
    if not isinstance(kind, str) or kind not in _MEMBERS:
        check.fault("type_unknown" if "type" in event else "member_missing", f"{at}/type", kind)
        return None
    if needed or "@context" in event:
        check.own |= _context(check, event, at, needed=needed)
        check.spaces |= check.own
    check.members(event, at, _MEMBERS[kind], _REQUIRED[kind])
    if not any(each.blocks for each in check.found):
        _sense(check, event, kind, at)
    if any(each.blocks for each in check.found):
        return None
    digest = event_id(event, check.own)
    called: str = event.get("eventID", digest)
    if called.startswith("ni:") and called not in {digest, reference_id(event, check.own)}:
        check.fault("event_id_wrong", f"{at}/eventID", digest if _HASH.fullmatch(called) else called)
        return None
    return CheckedEvent(place=check.place or 0, where=at, event=event, spaces=check.own, digest=digest, event_id=called)


def _context(check: Check, holder: Mapping[str, Any], at: str, *, needed: bool) -> dict[str, str]:
    spaces, named, faults = read_context(holder.get("@context", []), _TERMS)
    for pointer, code, told in faults:
        check.fault(code, f"{at}/@context{pointer}", told)
    if needed and not named:
        check.fault("context_missing", f"{at}/@context")
    check.spaces |= spaces
    return spaces


def _sense(check: Check, event: Mapping[str, Any], kind: str, at: str) -> None:
    """What an event of good form must say besides."""
    for missing in _WHAT[kind](event):
        check.fault(missing, at)
    if kind == "ObjectEvent" and "ilmd" in event and event["action"] != "ADD":
        check.fault("ilmd_without_add", f"{at}/ilmd")
    if len(event.get("eventID", "")) > MAX_ID_CHARS:
        check.fault("text_long", f"{at}/eventID", event["eventID"])
    declared = event.get("errorDeclaration", {})
    if "eventID" in event and event["eventID"] in declared.get("correctiveEventIDs", ()):
        check.fault("corrects_itself", f"{at}/errorDeclaration/correctiveEventIDs", event["eventID"])
    step, disposition = (bare(event.get(name, ""), check.spaces) for name in ("bizStep", "disposition"))
    usual = vocabulary.USUAL_STEPS.get(disposition)
    if usual is not None and step in vocabulary.BIZ_STEPS - usual:
        check.fault("pair_unusual", f"{at}/disposition", f"{step}, {disposition}")


def bare(word: str, spaces: Mapping[str, str]) -> str:
    """A step or a disposition as the vocabulary's bare word, anybody's own word as its address."""
    prefix, colon, local = word.partition(":")
    full = spaces[prefix] + local if colon and prefix in spaces else word
    return full.removeprefix(f"{CBV}BizStep-").removeprefix(f"{CBV}Disp-")


def _some(event: Mapping[str, Any], *names: str) -> bool:
    return any(event.get(name) for name in names)


def _what_object(event: Mapping[str, Any]) -> list[str]:
    seen = _some(event, "sensorElementList") and "readPoint" in event
    return [] if seen or _some(event, "epcList", "quantityList") else ["what_missing"]


def _what_children(event: Mapping[str, Any]) -> list[str]:
    faults = [] if event["action"] == "OBSERVE" or "parentID" in event else ["parent_missing"]
    some = _some(event, "childEPCs", "childQuantityList")
    return faults if some or event["action"] == "DELETE" else [*faults, "what_missing"]


def _what_transaction(event: Mapping[str, Any]) -> list[str]:
    if not event["bizTransactionList"]:
        return ["list_empty"]
    some = _some(event, "epcList", "quantityList")
    return [] if some or event["action"] == "DELETE" else ["what_missing"]


def _what_transformation(event: Mapping[str, Any]) -> list[str]:
    given = _some(event, "inputEPCList", "inputQuantityList")
    made = _some(event, "outputEPCList", "outputQuantityList")
    return [] if (given and made) or ("transformationID" in event and (given or made)) else ["what_missing"]


def _place_of(check: Check, value: Any, at: str) -> None:
    check.members(value, at, {"id": Check.address}, ("id",))


def _quantities(check: Check, value: Any, at: str) -> None:
    for place, each in check.listed(value, at):
        where = f"{at}/{place}"
        check.closed(each, where, _QUANTITY, ("epcClass",))
        amount = each.get("quantity") if isinstance(each, dict) else None
        if isinstance(amount, int | float) and (amount < 0 or ("uom" not in each and amount % 1)):
            check.fault("quantity_wrong", f"{where}/quantity", amount)


def _transactions(check: Check, value: Any, at: str) -> None:
    for place, each in check.listed(value, at):
        check.closed(each, f"{at}/{place}", _TRANSACTION, ("bizTransaction",))


def _sources(check: Check, value: Any, at: str) -> None:
    for place, each in check.listed(value, at):
        check.closed(each, f"{at}/{place}", _SOURCE, ("type", "source"))


def _destinations(check: Check, value: Any, at: str) -> None:
    for place, each in check.listed(value, at):
        check.closed(each, f"{at}/{place}", _DESTINATION, ("type", "destination"))


def _persistent(check: Check, value: Any, at: str) -> None:
    check.closed(value, at, _PERSISTENT, ())
    if isinstance(value, dict):
        if not value:
            check.fault("list_empty", at)
        both = [each for each in texts(value.get("set")) if each in texts(value.get("unset"))]
        if both:
            check.fault("set_and_unset", at, both[0])


def _dispositions(check: Check, value: Any, at: str) -> None:
    for place, each in check.listed(value, at, some=True):
        _disposition(check, each, f"{at}/{place}")
    if len(set(texts(value))) < len(texts(value)):
        check.fault("listed_twice", at)


def _sensors(check: Check, value: Any, at: str) -> None:
    for place, each in check.listed(value, at):
        check.members(each, f"{at}/{place}", _SENSOR, ("sensorReport",))


def _metadata(check: Check, value: Any, at: str) -> None:
    check.members(value, at, _METADATA, ())
    if isinstance(value, dict):
        start, end = moment_of(value.get("startTime")), moment_of(value.get("endTime"))
        if start is not None and end is not None and end < start:
            check.fault("time_order", f"{at}/endTime", value["endTime"])


def _reports(check: Check, value: Any, at: str) -> None:
    for place, each in check.listed(value, at, some=True):
        check.members(each, f"{at}/{place}", _REPORT, ("type",))


def _ilmd(check: Check, value: Any, at: str) -> None:
    check.members(value, at, {}, ())


def _declaration(check: Check, value: Any, at: str) -> None:
    check.members(value, at, _DECLARATION, ("declarationTime",))


def _word(words: frozenset[str], space: str) -> Callable[[Check, Any, str], None]:
    return lambda check, value, at: check.word(value, at, words, space)


_disposition = _word(vocabulary.DISPOSITIONS, f"{CBV}Disp-")
_TRANSACTION = {
    "type": _word(vocabulary.TRANSACTIONS, f"{CBV}BTT-"),
    "bizTransaction": Check.address,
}
_PARTY = _word(vocabulary.PARTIES, f"{CBV}SDT-")
_SOURCE = {"type": _PARTY, "source": Check.address}
_DESTINATION = {"type": _PARTY, "destination": Check.address}
_QUANTITY = {"epcClass": Check.address, "quantity": Check.number, "uom": Check.unit}
_PERSISTENT = {"set": _dispositions, "unset": _dispositions}
_DEVICE = dict.fromkeys(("deviceID", "deviceMetadata", "rawData", "dataProcessingMethod"), Check.address)
_METADATA = {
    **_DEVICE,
    "time": Check.moment,
    "startTime": Check.moment,
    "endTime": Check.moment,
    "bizRules": Check.address,
}
_REPORT = {
    **_DEVICE,
    **dict.fromkeys(("microorganism", "chemicalSubstance", "coordinateReferenceSystem", "uriValue"), Check.address),
    **dict.fromkeys(("value", "minValue", "maxValue", "meanValue", "sDev", "percRank", "percValue"), Check.number),
    "type": _word(vocabulary.MEASUREMENTS, PREFIXES["gs1"]),
    "exception": _word(vocabulary.ALERTS, PREFIXES["gs1"]),
    "component": _word(vocabulary.COMPONENTS, f"{CBV}Comp-"),
    "time": Check.moment,
    "stringValue": Check.text,
    "booleanValue": Check.truth,
    "hexBinaryValue": Check.octets,
    "uom": Check.text,
}
_SENSOR = {"sensorMetadata": _metadata, "sensorReport": _reports}
_DECLARATION = {
    "declarationTime": Check.moment,
    "reason": _word(vocabulary.REASONS, f"{CBV}ER-"),
    "correctiveEventIDs": Check.addresses,
}
_COMMON: dict[str, Any] = {
    "@context": Check.anything,
    "type": Check.anything,
    "eventTime": Check.moment,
    "recordTime": Check.moment,
    "eventTimeZoneOffset": Check.offset,
    "eventID": Check.address,
    "certificationInfo": Check.certificates,
    "errorDeclaration": _declaration,
    "bizStep": _word(vocabulary.BIZ_STEPS, f"{CBV}BizStep-"),
    "disposition": _disposition,
    "readPoint": _place_of,
    "bizLocation": _place_of,
    "bizTransactionList": _transactions,
    "sourceList": _sources,
    "destinationList": _destinations,
    "sensorElementList": _sensors,
}
_CHILDREN = {
    **_COMMON,
    "parentID": Check.address,
    "childEPCs": Check.addresses,
    "childQuantityList": _quantities,
    "action": Check.action,
}
_SEEN = {"epcList": Check.addresses, "quantityList": _quantities, "action": Check.action}
_MADE = {"persistentDisposition": _persistent, "ilmd": _ilmd}
_MEMBERS: dict[str, dict[str, Any]] = {
    "ObjectEvent": {**_COMMON, **_SEEN, **_MADE},
    "AggregationEvent": _CHILDREN,
    "AssociationEvent": _CHILDREN,
    "TransactionEvent": {**_COMMON, **_SEEN, "parentID": Check.address},
    "TransformationEvent": {
        **_COMMON,
        **_MADE,
        "inputEPCList": Check.addresses,
        "outputEPCList": Check.addresses,
        "inputQuantityList": _quantities,
        "outputQuantityList": _quantities,
        "transformationID": Check.address,
    },
}
_ALWAYS = ("eventTime", "eventTimeZoneOffset")
_REQUIRED: dict[str, tuple[str, ...]] = {
    "ObjectEvent": (*_ALWAYS, "action"),
    "AggregationEvent": (*_ALWAYS, "action"),
    "AssociationEvent": (*_ALWAYS, "action", "parentID"),
    "TransactionEvent": (*_ALWAYS, "action", "bizTransactionList"),
    "TransformationEvent": _ALWAYS,
}
_WHAT: dict[str, Callable[[Mapping[str, Any]], list[str]]] = {
    "ObjectEvent": _what_object,
    "AggregationEvent": _what_children,
    "AssociationEvent": _what_children,
    "TransactionEvent": _what_transaction,
    "TransformationEvent": _what_transformation,
}
_DOCUMENT: dict[str, Any] = {
    **dict.fromkeys(("@context", "type", "schemaVersion", "epcisHeader", "epcisBody"), Check.anything),
    **dict.fromkeys(("instanceIdentifier", "sender", "receiver"), Check.text),
    "id": Check.address,
    "creationDate": Check.moment,
}
_TERMS = frozenset(_DOCUMENT) | {name for members in _MEMBERS.values() for name in members}
