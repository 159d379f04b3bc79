"""Facts: what happened, in the past tense, as frozen structs of plain values."""

from typing import Any, ClassVar, Self

import msgspec

_TOPICS: dict[str, type["Fact"]] = {}


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """A thing that has happened in a room.

    ``topic`` is ``room.past_tense_name`` and never changes once it has been written to an outbox. ``key`` names the
    thing it happened to: facts with one key are delivered in the order in which they were announced. Subclasses say
    ``frozen=True, kw_only=True`` themselves, because msgspec hands ``kw_only`` down to nobody.
    """

    topic: ClassVar[str]

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        topic = cls.__dict__.get("topic")
        if topic:
            known = _TOPICS.setdefault(topic, cls)
            if known.__qualname__ != cls.__qualname__:
                raise TypeError(f"two facts with the topic {topic}")
            _TOPICS[topic] = cls

    @property
    def key(self) -> str:
        """The subject of the fact; the first field unless a fact says otherwise."""
        return str(getattr(self, self.__struct_fields__[0]))

    @classmethod
    def read(cls, payload: bytes | str) -> Self:
        """The fact from its JSON. Unknown members are ignored: an older reader meets a newer writer."""
        return msgspec.json.decode(payload, type=cls)


def fact_type(topic: str) -> type[Fact] | None:
    """The struct of a topic, or None when no room that is loaded declares it."""
    return _TOPICS.get(topic)
