"""Who is asking, once that has been established."""

import msgspec


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who has been authenticated. ``caller`` is the opaque identity that keys, limits and logs use."""

    caller: str
