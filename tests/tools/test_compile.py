"""The core is compiled from the same source, where there is a compiler, and says why where there is none."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import hatch_build
from tools.compile import FILES, FOLDERS, SCANNER, SOURCE, CompileError, extend, modules

compiling = pytest.mark.needs("gcc", "cython", "mypyc")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A small package of that name, and the scanner."""
    source = tmp_path / "src"
    for folder in ("hoofbeat", "hoofbeat/protocol", "hoofbeat/cli"):
        (source / folder).mkdir(parents=True)
        (source / folder / "__init__.py").write_text('"""Empty."""\n')
        (source / folder / "one.py").write_text("ONE: int = 1\n")
    shutil.copy(SOURCE / SCANNER, source / SCANNER)
    return source


def test_the_core_is_what_every_message_passes_and_nothing_else() -> None:
    core = modules(SOURCE)
    assert "hoofbeat/protocol/decoder.py" in core
    assert {tuple(name.split("/")[1:-1]) for name in core} == {
        ("protocol",),
        ("broker",),
        ("broker", "selecting"),
        ("engines", "local"),
        ("engines", "local", "queues"),
        ("engines", "local", "scheduling"),
        ("engines", "local", "topics"),
        ("engines", "local", "writing"),
        ("transports",),
        ("server",),
    }
    assert {name for name in core if "/server/" in name or "/transports/" in name} == set(FILES)
    assert not [name for name in core if name.endswith("__init__.py")]


def test_no_room_of_the_core_is_forgotten() -> None:
    rooms = {
        str(path.parent.relative_to(SOURCE))
        for floor in ("protocol", "broker", "engines")
        for path in (SOURCE / "hoofbeat" / floor).rglob("*.py")
        if path.name != "__init__.py"
    }
    assert rooms == set(FOLDERS)


@compiling
def test_a_compiler_that_is_not_there_is_named(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CC", "/nowhere/cc")
    with pytest.raises(CompileError, match="/nowhere/cc"):
        extend(source, tmp_path / "made", SCANNER)


class App:
    """The part of hatchling that a hook talks to."""

    def display_warning(self, text: str) -> None:
        assert "npm could not download it" in text


@compiling
def test_a_wheel_gets_what_was_compiled_and_the_checkout_keeps_nothing_of_it(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\nexit 1\n")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.delenv("HOOFBEAT_PURE", raising=False)
    monkeypatch.setattr(sys, "path", [*sys.path])  # the hook adds to it
    app: Any = App()
    nothing: Any = None
    hook = hatch_build.BuildHook(str(tmp_path), {}, nothing, nothing, str(tmp_path), "wheel", app)
    data: dict[str, Any] = {"force_include": {"mine": "mine"}}

    hook.initialize("standard", data)
    included = data["force_include"]
    assert (data["pure_python"], data["infer_tag"], included.pop("mine")) == (False, True, "mine")
    assert {place.partition(".")[0] for place in included.values()} == {
        "hoofbeat__mypyc",
        "hoofbeat/protocol/one",
        "hoofbeat/protocol/_scanner",
    }
    for made, place in included.items():
        shutil.copy(made, source / place)
    asked = (
        "from hoofbeat.protocol import one; import hoofbeat.cli.one as two; print(one.__file__, two.__file__)"
    )
    done = subprocess.run(
        [sys.executable, "-c", asked], cwd=source, capture_output=True, text=True, check=True
    )
    assert [Path(file).suffix for file in done.stdout.split()] == [".so", ".py"]

    hook.finalize("standard", data, "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["build", "npm", "src"]
    assert list((tmp_path / "build").iterdir()) == []
