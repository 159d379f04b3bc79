"""A host's camera that paints its clock into each picture and, like OBS, calls again when the line breaks.

``python -m scripts.benchmarks.live.painter FFMPEG URL --group PICTURES``. A process of its own, so that what reads the
pictures waits for nothing here; it dies with its parent, and ffmpeg with it.
"""

import argparse
import random
import subprocess
import time

from integrations.media_server.confinement import die_with_parent
from scripts.benchmarks.live.clock import BITS, BLOCK, HEIGHT, RATE, STRIP_ROWS, WIDTH, strip

CALL_AGAIN_S = 1.0
KBIT = 2500
SCENES = 10
GREY_ROWS = 16


def main() -> None:
    """The command line."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("ffmpeg")
    asked.add_argument("url")
    asked.add_argument("--group", type=int, default=RATE, help="pictures from one key frame to the next")
    asked.add_argument("--preset", default="veryfast", help="of x264: what the encoder may compute")
    options = asked.parse_args()
    scenes = _scenes()
    while True:
        _push(options, scenes)
        time.sleep(CALL_AGAIN_S)


def _scenes() -> list[bytes]:
    """What stands below the clock: grey blocks, other ones in each picture, so that the bit rate is used."""
    dice = random.Random(1)
    rows = (HEIGHT - STRIP_ROWS) // GREY_ROWS
    return [
        b"".join(
            b"".join(bytes([dice.randrange(40, 220)]) * BLOCK for _ in range(BITS)) * GREY_ROWS for _ in range(rows)
        )
        for _ in range(SCENES)
    ]


def _push(asked: argparse.Namespace, scenes: list[bytes]) -> None:
    """Until the media server hangs up."""
    encoder = subprocess.Popen(
        [asked.ffmpeg, "-v", "error", "-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{WIDTH}x{HEIGHT}",
         "-framerate", str(RATE), "-i", "pipe:0", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100",
         "-c:v", "libx264", "-preset", asked.preset, "-tune", "zerolatency", "-pix_fmt", "yuv420p",
         "-b:v", f"{KBIT}k", "-maxrate", f"{KBIT}k", "-bufsize", f"{KBIT}k",
         "-g", str(asked.group), "-keyint_min", str(asked.group), "-sc_threshold", "0",
         "-c:a", "aac", "-b:a", "128k", "-flush_packets", "1", "-f", "flv", asked.url],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, preexec_fn=die_with_parent(),
    )  # fmt: skip
    assert encoder.stdin is not None
    due, taken = time.monotonic(), 0
    try:
        while encoder.poll() is None:
            time.sleep(max(0.0, due - time.monotonic()))
            encoder.stdin.write(strip(int(time.time() * 1000)) + scenes[taken % SCENES])
            taken += 1
            # An encoder that is behind is given fewer pictures, not older ones.
            due = max(due + 1 / RATE, time.monotonic())
    except BrokenPipeError:
        pass
    finally:
        encoder.kill()
        encoder.wait()


if __name__ == "__main__":
    main()
