"""``hoofbeat --version``: which core, which event loop, which Python."""

import os
import platform
import re
import subprocess
import sys
from importlib.machinery import EXTENSION_SUFFIXES

import pytest

from hoofbeat import __version__
from hoofbeat.cli.version import describe, is_compiled

PROGRAM = "import sys; from hoofbeat.cli.version import describe; print(describe()); print(*sys.modules)"


def test_version_core_loop_and_python_are_said() -> None:
    core = "compiled core" if os.environ.get("CORE") == "compiled" else "plain Python"
    python = re.escape(f"Python {platform.python_version()}")
    assert re.fullmatch(
        rf"hoofbeat {re.escape(__version__)} \({core}, (asyncio|uvloop [0-9.]+), {python}\)", describe()
    )


def test_without_uvloop_it_is_asyncio(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)
    assert ", asyncio, " in describe()


@pytest.mark.needs("uvloop")
def test_uvloop_is_named_with_its_version() -> None:
    import uvloop

    assert f", uvloop {uvloop.__version__}, " in describe()


def test_nothing_that_serves_is_imported() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    modules = done.stdout.splitlines()[1].split()
    assert not {"asyncio", "uvloop", "starlette", "hoofbeat.protocol.frames"} & set(modules)


def test_a_module_from_an_extension_is_compiled() -> None:
    assert is_compiled("frames" + EXTENSION_SUFFIXES[0])


def test_a_module_from_its_source_is_not_compiled() -> None:
    assert not is_compiled("frames.py")
