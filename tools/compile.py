"""Compile the core with mypyc: the same source, as C extensions beside it.

``python tools/compile.py FOLDER`` puts a copy of the package with its extensions into FOLDER, which
runs with ``PYTHONPATH=FOLDER``. The build hook puts the extensions into the wheel.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src"

# What is compiled: what every message passes, and that imports nothing but the standard library.
FOLDERS = (
    "hoofbeat/protocol",
    "hoofbeat/broker",
    "hoofbeat/broker/selecting",
    "hoofbeat/engines/local",
    "hoofbeat/engines/local/queues",
    "hoofbeat/engines/local/scheduling",
    "hoofbeat/engines/local/topics",
    "hoofbeat/engines/local/writing",
)
FILES = (
    *[f"hoofbeat/transports/{name}.py" for name in ("stream", "tcp", "tls", "tls_codec", "tls_transport")],
    "hoofbeat/transports/websocket.py",
    "hoofbeat/transports/websocket_reader.py",
    "hoofbeat/server/connection.py",
    "hoofbeat/server/rules.py",
    "hoofbeat/server/turns.py",
)
SCANNER = "hoofbeat/protocol/_scanner.pyx"  # the only one that is not Python: Cython's
ALL = "all"
GROUP = "hoofbeat"  # one extension holds all the code; each module's own is a door to it
SECONDS = 600
# Without the last one each call from one function of ours to another is looked up in a table of the linker's.
FLAGS = "-O3 -DNDEBUG -w -fvisibility=hidden"


class CompileError(Exception):
    """The core can't be compiled here; the message says why."""


def modules(source: Path) -> list[str]:
    """Name the files to compile, below ``source``."""
    found = [
        str(path.relative_to(source))
        for folder in FOLDERS
        for path in (source / folder).glob("*.py")
        if path.name != "__init__.py"
    ]
    return sorted([*found, *[name for name in FILES if (source / name).exists()]])


def extend(source: Path, target: Path, what: str = ALL) -> list[Path]:
    """Compile what is in ``source``, and put the extensions into ``target``.

    Args:
        source: where the package stands.
        target: made if it is not there.
        what: :data:`ALL`, or :data:`SCANNER` alone, which runs beside plain Python too.

    Returns:
        the extensions, relative to ``target``.

    Raises:
        CompileError: there is no compiler, or it failed.
    """
    target.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [sys.executable, __file__, "--only", what, str(target.resolve())],
        cwd=source,
        env={**os.environ, "CFLAGS": f"{FLAGS} {os.environ.get('CFLAGS', '')}"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    if done.returncode:
        lines = [line for line in done.stdout.splitlines() if line.strip()]
        raise CompileError(lines[-1] if lines else f"exit code {done.returncode}")
    return sorted(path.relative_to(target) for path in target.rglob("*.so"))


def copy(target: Path) -> None:
    """Put the package and its extensions into ``target``, which is emptied first."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(
        SOURCE / "hoofbeat", target / "hoofbeat", ignore=shutil.ignore_patterns("__pycache__", "*.so")
    )
    for path in extend(SOURCE, target):
        print(path)


def _build(what: str, target: str) -> None:
    """Run mypyc, Cython and the C compiler; in a process of its own, whose folder is the source's."""
    from Cython import Build
    from setuptools import Distribution

    scratch = Path(target) / "scratch"
    extensions = Build.cythonize([SCANNER], build_dir=str(scratch / "c"), quiet=True)
    if what == ALL:
        from mypyc.build import mypycify

        extensions += mypycify(
            ["--config-file=", "--strict", *modules(Path())],
            opt_level="3",
            debug_level="0",
            strip_asserts=False,
            target_dir=str(scratch / "c"),
            group_name=GROUP,
        )
    command = Distribution({"name": GROUP, "ext_modules": extensions}).get_command_obj("build_ext")
    command.build_lib = target
    command.build_temp = str(scratch / "o")
    command.ensure_finalized()
    command.run()
    shutil.rmtree(scratch)


if __name__ == "__main__":
    if sys.argv[1] == "--only":
        _build(*sys.argv[2:])
    else:
        copy(Path(sys.argv[1]))
