"""Who opens a product in a room counts once for it; nobody is counted who does not show the room's pass."""

from dataclasses import dataclass

from kit.clock import Clock, utc_now
from kit.database import execute
from live.media.keys import LiveKeys

_OPENED = """
WITH came AS (
  INSERT INTO live_product_viewer (session_id, code, viewer)
  SELECT s.id, i.code, $3::text FROM live_session s JOIN live_shelf_item i ON i.session_id = s.id
   WHERE s.number = $1 AND i.code = $2 AND NOT i.hidden AND s.state IN ('live', 'interrupted')
   AND NOT EXISTS (SELECT FROM live_restriction r WHERE r.session_id = s.id AND r.viewer = $3::text AND r.kind = 'ban')
  ON CONFLICT DO NOTHING RETURNING session_id, code
)
INSERT INTO live_product_clicks AS c (session_id, code, viewers) SELECT session_id, code, 1 FROM came
ON CONFLICT (session_id, code) DO UPDATE SET viewers = c.viewers + 1"""


@dataclass(frozen=True)
class Clicks:
    """Counts what viewers look at while a room is on air."""

    keys: LiveKeys
    clock: Clock = utc_now

    async def opened(self, number: str, code: str, viewer_pass: str) -> None:
        """A viewer has opened a product of the shelf. What does not count changes nothing: it is not the viewer's
        concern. One statement.
        """
        viewer = self.keys.passed_viewer(number, viewer_pass, self.clock())
        if viewer is not None:
            await execute(_OPENED, number, code, viewer)
