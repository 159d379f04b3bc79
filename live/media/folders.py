"""The folder of a stream, where several system users share the recordings."""

import stat
from pathlib import Path


def lay_folder(hls: Path, stream: str) -> None:
    """Make the folder of a stream before nginx does, with the rights of the one around it, if its group may write.

    nginx-rtmp makes it with 0744, whatever its umask, and so shuts out everybody but its own user. Where one user owns
    all, nothing is done. Raises OSError.
    """
    if not hls.is_dir() or not hls.stat().st_mode & stat.S_IWGRP:
        return
    folder = hls / stream
    if not folder.exists():
        folder.mkdir()
        folder.chmod(stat.S_IMODE(hls.stat().st_mode))
