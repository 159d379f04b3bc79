"""Real test pictures by ffmpeg."""

import os
import shutil
import subprocess
from pathlib import Path

import imageio_ffmpeg

FFMPEG: str = os.environ.get("FFMPEG_PATH") or shutil.which("ffmpeg") or imageio_ffmpeg.get_ffmpeg_exe()


def run_ffmpeg(*arguments: str | Path, timeout_s: float = 60) -> subprocess.CompletedProcess[str]:
    """Run to the end; the caller looks at the return code."""
    return subprocess.run(
        [FFMPEG, "-nostdin", "-hide_banner", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


def make_flv(target: Path, seconds: int, *, gop: int = 25, kbit: int = 400) -> Path:
    """H.264 and AAC, 320x180 at 25 pictures a second."""
    done = run_ffmpeg(
        "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25", "-f", "lavfi", "-i", "sine=440",
        "-t", str(seconds), "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", str(gop),
        "-b:v", f"{kbit}k", "-sc_threshold", "0", "-c:a", "aac", "-f", "flv", "-y", target,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return target


def decoded_pictures(source: str | Path, seconds: float, *options: str, timeout_s: float = 30) -> int:
    """How many pictures a player decodes of ``seconds`` of a source; 0 when it cannot be opened."""
    done = run_ffmpeg(
        "-v", "error", "-progress", "pipe:1", "-analyzeduration", "300000", *options, "-t", str(seconds),
        "-i", source, "-map", "0:v:0", "-f", "null", "-", timeout_s=timeout_s,
    )  # fmt: skip
    counts = [int(line.split("=")[1]) for line in done.stdout.splitlines() if line.startswith("frame=")]
    return counts[-1] if counts else 0
