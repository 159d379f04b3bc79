"""A session with pictures on disk, and what is made of them."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path

from integrations.media_server.remux import FfmpegRemuxer
from kit.database import execute
from live.media.playback import Playback
from live.media.supervision import Supervision
from live.models import LiveSession
from live.replays.clips import Clips
from live.replays.jobs import Archive
from tests.live.pictures import FFMPEG, make_flv, run_ffmpeg
from tests.live.rooms import HOST, House
from tests.products.shelf import approved_merchant, draft_of, listed_product

SECONDS = 6


def make_segments(folder: Path) -> list[Path]:
    """Segments of one second, as one publish leaves them."""
    source = make_flv(folder / "source.flv", SECONDS)
    run_ffmpeg("-v", "error", "-i", source, "-c", "copy", "-f", "segment", "-segment_time", "1", folder / "%d.ts")
    return sorted(folder.glob("?.ts"))


@dataclass
class Kept:
    """A house whose sessions leave pictures in ``folder``. What was pinned, was so two seconds after the beginning."""

    folder: Path
    segments: list[Path]
    house: House = field(default_factory=House)
    merchant: str = ""

    def __post_init__(self) -> None:
        self.archive = Archive(self.folder / "hls", self.folder / "archive", FfmpegRemuxer(FFMPEG), self.house.clock)
        playback = Playback(self.house.keys, "http://flv", "http://hls", clock=self.house.clock)
        house, hls = self.house, self.folder / "hls"
        self.supervision = Supervision(
            house.sessions, house.publishing, house.media, house.bell, hls, clock=house.clock
        )
        self.clips = Clips(self.folder / "hls", playback, self.house.clock)

    async def on_air(self, seconds: int = SECONDS) -> tuple[LiveSession, list[str]]:
        """A session that has had pictures for so long, with two signed products on its shelf."""
        merchant = self.merchant = self.merchant or await approved_merchant()
        codes = [(await listed_product(merchant, draft_of(f"示例商品 {n}")))[1][0] for n in range(2)]
        session, _ = await self.house.on_air(merchant)
        for code in codes:
            await self.house.shelf.put(session.number, HOST, code)
        await self.house.signed(session.number, *codes)
        assert session.started_at is not None
        stream = self.folder / "hls" / session.stream
        stream.mkdir(parents=True)
        begun = int(session.started_at.timestamp() * 1000)
        for at, segment in enumerate(self.segments[:seconds]):
            shutil.copy(segment, stream / f"{begun + at * 1000}.ts")
        return session, codes

    async def explain(self, session: LiveSession, code: str, from_s: float, until_s: float) -> None:
        """Pin and un-pin a product, so many seconds after the beginning."""
        await self.house.shelf.pin(session.number, HOST, code)
        await self.house.shelf.unpin(session.number, HOST)
        await execute(
            "UPDATE live_pin SET pinned_at = $2::timestamptz + $3 * interval '1 second',"
            " unpinned_at = $2::timestamptz + $4 * interval '1 second'"
            " WHERE id = (SELECT max(id) FROM live_pin WHERE session_id = $1)",
            session.id,
            session.started_at,
            from_s,
            until_s,
        )

    async def end(self, session: LiveSession) -> None:
        """The session is over and its recording closed."""
        await self.house.sessions.end(session.number, HOST)
        assert await self.supervision.look()
