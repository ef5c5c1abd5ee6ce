"""What a test can't do without, and whether this machine has it."""

import importlib.util
import os
import re
import resource
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

NODE_MODULES = Path(__file__).parent / "interop" / "node" / "node_modules"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")

_FILES = re.compile(r"(\d+) open files")


def why_no_chromium() -> str | None:
    """The page is tested in a real browser, Debian's unless ``CHROMIUM`` names another."""
    named = os.environ.get("CHROMIUM", "")
    return None if any(map(shutil.which, (named, *BROWSERS))) else "no Chromium was found"


def why_no_node() -> str | None:
    """Node alone is not enough: other people's clients are installed beside the tests."""
    if shutil.which("node") is None:
        return "node is not on the PATH"
    return None if NODE_MODULES.is_dir() else "npm could not install the clients for Node"


def why_no_mount() -> str | None:
    """A small disk that can be full is a file system of its own, which only root may make."""
    if shutil.which("unshare") is None:
        return "unshare is not installed"
    tried = subprocess.run(["unshare", "-m", "true"], check=False, capture_output=True)
    return "this user may not mount a file system" if tried.returncode else None


def open_files(count: int) -> str:
    """Name the need of so many open files in one process."""
    return f"{count} open files"


def why_no_files(count: int) -> str | None:
    """A process may raise its limit, up to one that only root may raise."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most == resource.RLIM_INFINITY or most >= count:
        return None
    return f"this machine allows {most}: raise them with ulimit -n"


KNOWN: Mapping[str, Callable[[], str | None]] = {
    "chromium": why_no_chromium,
    "mount": why_no_mount,
    "node": why_no_node,
}


def why_not(name: str) -> str | None:
    """Why what ``name`` stands for can't be had here, or None.

    That is a known need, ``N open files``, a program or a package.
    """
    if files := _FILES.fullmatch(name):
        return why_no_files(int(files[1]))
    if name in KNOWN:
        return KNOWN[name]()
    if shutil.which(name) or importlib.util.find_spec(name):
        return None
    return f"{name} is not installed"


def is_ci() -> bool:
    """In CI nothing is left out."""
    return os.environ.get("CI", "").lower() in {"1", "true", "yes"}
