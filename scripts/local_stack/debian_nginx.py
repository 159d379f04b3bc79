"""nginx with the RTMP module: from the PATH, or Debian's packages unpacked into a folder of our own.

Nothing is installed on the machine, also not as root: Debian's nginx package would start a server of its
own on port 80, and a development start has no business doing that.
"""

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scripts.local_stack.binaries import Missing

MODULE = "ngx_rtmp_module.so"
MODULE_FOLDERS = ("/usr/lib/nginx/modules", "/usr/lib64/nginx/modules", "/usr/share/nginx/modules")
SYSTEM_FOLDERS = "/usr/local/sbin:/usr/sbin:/sbin"
PACKAGES = ("nginx", "libnginx-mod-rtmp")
OLDER = ("nginx-core",)  # before Debian 12 the program itself was in this one
ASK = (
    "没有带 RTMP 模块的 nginx，直播推流不可用（其余照常）。请运行 / "
    "no nginx with RTMP, everything but ingest runs. "
    "Type: sudo apt-get install nginx libnginx-mod-rtmp"
)


@dataclass(frozen=True)
class MediaServer:
    """The program, and the module to load unless it is compiled in."""

    program: Path
    module: Path | None


def find_media_server(
    folder: Path,
    say: Callable[[str], None],
    *,
    search_path: str | None = None,
    module_folders: tuple[str, ...] = MODULE_FOLDERS,
) -> MediaServer:
    """The machine's nginx, else the unpacked one in ``folder``, else unpack it now. Raises
    :class:`Missing`.
    """
    path = search_path if search_path is not None else f"{os.environ.get('PATH', os.defpath)}:{SYSTEM_FOLDERS}"
    return _installed(path, module_folders) or _unpacked(folder) or _unpack_now(folder, say)


def _installed(path: str, module_folders: tuple[str, ...]) -> MediaServer | None:
    program = shutil.which("nginx", path=path)
    if not program:
        return None
    if "rtmp" in subprocess.run([program, "-V"], capture_output=True, text=True).stderr.replace(MODULE, ""):
        return MediaServer(Path(program), None)
    modules = [Path(folder) / MODULE for folder in module_folders]
    return next((MediaServer(Path(program), module) for module in modules if module.exists()), None)


def _unpacked(folder: Path) -> MediaServer | None:
    program, module = folder / "usr/sbin/nginx", folder / "usr/lib/nginx/modules" / MODULE
    return MediaServer(program, module) if program.exists() and module.exists() else None


def _unpack_now(folder: Path, say: Callable[[str], None]) -> MediaServer:
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        raise Missing(ASK)
    say("下载 nginx 与 RTMP 模块（不安装到系统） / fetching nginx and its RTMP module, privately")
    draft = folder.with_name(f"{folder.name}.{os.getpid()}")
    try:
        download(draft)
        unpack(sorted(draft.glob("*.deb")), draft / "root")
        found = _unpacked(draft / "root")
        if found is None:
            raise Missing(ASK)
        shutil.rmtree(folder, ignore_errors=True)
        (draft / "root").chmod(0o755)
        (draft / "root").rename(folder)
    except subprocess.CalledProcessError as error:
        raise Missing(f"{ASK}\n{(error.stdout or '')[-500:]}") from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    ready = _unpacked(folder)
    assert ready is not None
    return ready


def download(into: Path) -> None:
    """Fetch the packages with apt's own signatures, with package lists of our own (no root, none of apt's
    locks).
    """
    for part in ("lists/partial", "cache/archives/partial"):
        (into / part).mkdir(parents=True, exist_ok=True)
    options = [
        "-q", "-o", f"Dir::State::Lists={into}/lists", "-o", f"Dir::Cache={into}/cache",
        "-o", "Dir::State::status=/var/lib/dpkg/status", "-o", "Debug::NoLocking=1",
        "-o", "APT::Sandbox::User=root", "-o", "Acquire::Languages=none",
        "-o", "Acquire::http::Timeout=15", "-o", "Acquire::Retries=1",
    ]  # fmt: skip
    _run(["apt-get", *options, "update"], into)
    _run(["apt-get", *options, "download", *PACKAGES], into)
    if not any("usr/sbin/nginx" in _contents(deb) for deb in into.glob("nginx_*.deb")):
        _run(["apt-get", *options, "download", *OLDER], into)


def unpack(packages: list[Path], into: Path) -> None:
    """Lay the files of Debian packages under ``into``; nothing of them is run."""
    into.mkdir(parents=True, exist_ok=True)
    for package in packages:
        _run(["dpkg", "-x", str(package), str(into)], into)


def _contents(package: Path) -> str:
    return subprocess.run(["dpkg", "-c", str(package)], capture_output=True, text=True, check=True).stdout


def _run(argv: list[str], directory: Path) -> None:
    subprocess.run(argv, cwd=directory, check=True, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
