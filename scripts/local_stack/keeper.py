"""Ends the supervisor when the one who started it is gone without a word (kill -9, a closed machine room).

Runs supervised, so its parent is the supervisor: ``python -I -S keeper.py OWNER_PID OWNER_MARK``.
"""

import os
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from scripts.local_stack.launch import start_mark


def main() -> None:
    """Look once a second."""
    owner, mark, supervisor = int(sys.argv[1]), sys.argv[2], os.getppid()
    while os.getppid() == supervisor:
        if start_mark(owner) != mark:
            os.kill(supervisor, signal.SIGTERM)
            return
        time.sleep(1)


if __name__ == "__main__":
    main()
