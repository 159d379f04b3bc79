"""The token that says where a purchase began."""

from dataclasses import dataclass
from datetime import timedelta

from kit.clock import Clock, utc_now
from live.media.keys import LiveKeys
from orders.quotes import HOSTED

ATTRIBUTION_LIFETIME = timedelta(hours=4)


@dataclass(frozen=True)
class Attributions:
    """The signed word of a room that a purchase began in it. A client's bare ``source`` is never believed."""

    keys: LiveKeys
    clock: Clock = utc_now

    def token(self, number: str, merchant: str) -> str:
        """For the viewer of a session, to be handed to checkout within four hours."""
        return self.keys.attribution_token(number, merchant, self.clock() + ATTRIBUTION_LIFETIME)

    def verify(self, token: str) -> tuple[str, str] | None:
        """The opaque ``source`` of an order, ``live:<number>``, and whose goods are sold there.

        None for a token that is not ours or too old: the purchase is then nobody's.
        """
        found = self.keys.attributed_session(token, self.clock())
        return (HOSTED + found[0], found[1]) if found else None
