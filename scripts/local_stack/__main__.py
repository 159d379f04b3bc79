"""``scripts/run``: everything on this machine, until Ctrl-C."""

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from scripts.local_stack.binaries import Missing
from scripts.local_stack.postgres import PreparationFailed
from scripts.local_stack.product import EVERYTHING, ROOT, SETTINGS
from scripts.local_stack.stack import AlreadyRunning, LocalStack, StepFailed
from scripts.local_stack.supervisor import NotUp

LIVE = ("nginx", "flv-relay", "live-supervisor")


class Stopped(Exception):
    """The person, or the system, asked for the end."""


def progress() -> Callable[[str], None]:
    """A sayer of lines with the seconds since the start."""
    began = time.monotonic()

    def say(line: str) -> None:
        print(f"[{time.monotonic() - began:5.1f} s] {line}", flush=True)

    return say


def arguments() -> argparse.Namespace:
    """The few options."""
    parser = argparse.ArgumentParser(prog="scripts/run", description="启动整套系统 / start everything on this machine")
    parser.add_argument("--state-dir", type=Path, default=ROOT / ".state", help="数据目录 / where data is kept")
    parser.add_argument("--no-live", action="store_true", help="不启动直播 / without the live centre's processes")
    parser.add_argument("--seed", action="store_true", help="向 DATABASE_URL 写入演示数据 / seed a given database too")
    return parser.parse_args()


def ask_for_the_end(number: int, frame: FrameType | None) -> None:
    """Turn the first signal into an exception; later ones find the stop under way and change nothing."""
    on_signals(let_it_pass)
    raise Stopped


def let_it_pass(number: int, frame: FrameType | None) -> None:
    """The stop is under way already."""


def on_signals(action: Callable[[int, FrameType | None], None]) -> None:
    """What happens on Ctrl-C, ``kill`` and a closed terminal."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, action)


def show(stack: LocalStack) -> None:
    """What to open, and as whom."""
    env = stack.environment
    api = env["PUBLIC_BASE_URL"]
    rows = [
        ("接口文档 / API pages", f"{api}/docs"),
        ("系统状态 / health", f"{api}/health/ready"),
        ("手机（模拟微信）/ the phone", f"{env['WECHAT_API_BASE']}/phone"),
        ("直播推流 / push to", env["RTMP_PUBLISH_URL"]),
        ("直播播放 / play", f"{env['FLV_BASE_URL']} · {env['HLS_BASE_URL']}"),
        ("日志 / logs", str(stack.state / "logs")),
        ("环境变量 / settings", f". {stack.state / 'environment.sh'}"),
    ]
    print()
    for name, value in rows:
        print(f"  {name}: {value}")
    if stack.demo_file.exists():
        print(f"  演示账号 / demo accounts ({stack.demo_file}):")
        show_tree(json.loads(stack.demo_file.read_text()), "    ")
    if stack.missing:
        print(f"\n  {stack.missing}")
    print("\n  按 Ctrl-C 停止全部 / Ctrl-C stops everything\n", flush=True)


def show_tree(tree: object, indent: str) -> None:
    """Print nested JSON as indented lines, one fact or one flat record on each."""
    pairs = tree.items() if isinstance(tree, dict) else enumerate(tree, 1) if isinstance(tree, list) else [("", tree)]
    for name, value in pairs:
        if isinstance(value, (dict, list)) and any(isinstance(it, (dict, list)) for it in _values(value)):
            print(f"{indent}{name}:")
            show_tree(value, indent + "  ")
        elif isinstance(value, dict):
            print(f"{indent}{name}: " + "  ".join(f"{key}={it}" for key, it in value.items()))
        else:
            print(f"{indent}{name}: {value}")


def _values(tree: dict[str, object] | list[object]) -> list[object]:
    return list(tree.values()) if isinstance(tree, dict) else tree


def main() -> int:
    """Start, show, wait for the end, stop."""
    wanted = arguments()
    say = progress()
    given = {name: os.environ[name] for name in SETTINGS if os.environ.get(name)}
    names = [name for name in EVERYTHING if not (wanted.no_live and name in LIVE)]
    stack = LocalStack(wanted.state_dir, names, given=given, say=say)
    on_signals(ask_for_the_end)
    try:
        stack.start(seed="DATABASE_URL" not in given or wanted.seed)
        say("全部就绪 / everything is up")
        show(stack)
        while True:
            signal.pause()
    except Stopped:
        say("正在停止 / stopping")
        return 0
    except (AlreadyRunning, Missing, NotUp, PreparationFailed, StepFailed) as error:
        print(f"\n启动失败 / could not start: {error}", file=sys.stderr)
        return 1
    finally:
        on_signals(let_it_pass)
        stack.stop()
        say("已停止 / stopped")


if __name__ == "__main__":
    sys.exit(main())
