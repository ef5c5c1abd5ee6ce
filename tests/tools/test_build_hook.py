import io
import shutil
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

import hatch_build
from tools import compile


class App:
    """The part of hatchling that a hook talks to."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def display_warning(self, text: str) -> None:
        self.warnings.append(text)


def run_hook(root: Path, target: str = "sdist", version: str = "standard") -> list[str]:
    app: Any = App()
    nothing: Any = None
    hook = hatch_build.BuildHook(str(root), {}, nothing, nothing, str(root), target, app)
    data: dict[str, Any] = {}
    hook.initialize(version, data)
    hook.finalize(version, data, "")
    assert data == {}, "nothing was compiled, so the wheel is for every machine"
    return list(app.warnings)


def fake_npm(folder: Path, script: str) -> None:
    program = folder / "npm"
    program.write_text(f"#!{sys.executable}\n{script}")
    program.chmod(0o755)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder that programs are found in."""
    folder = tmp_path / "path"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def test_without_npm_the_build_goes_on_with_a_warning(tmp_path: Path, path: Path) -> None:
    assert run_hook(tmp_path) == [
        "chat page built without @stomp/stompjs@7.5.0: npm is not on the PATH",
    ]
    assert not (tmp_path / hatch_build.VENDOR).exists()


def test_when_npm_fails_the_build_goes_on_with_a_warning(tmp_path: Path, path: Path) -> None:
    fake_npm(path, "raise SystemExit(1)")
    assert "npm could not download it" in run_hook(tmp_path)[0]


def test_a_package_that_is_not_the_one_we_looked_at_is_left_out(tmp_path: Path, path: Path) -> None:
    archive = tmp_path / "other.tgz"
    with tarfile.open(archive, "w:gz") as package:
        for member, _, _ in hatch_build.FILES:
            entry = tarfile.TarInfo(member)
            entry.size = 5
            package.addfile(entry, io.BytesIO(b"other"))
    fake_npm(path, f"import shutil, sys; shutil.copy({str(archive)!r}, sys.argv[-1])")
    assert "what npm sent is not what was expected" in run_hook(tmp_path)[0]
    assert not (tmp_path / hatch_build.VENDOR).exists()


@pytest.mark.usefixtures("path")
def test_a_wheel_that_cannot_be_compiled_stays_plain_python_with_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is no C compiler where nothing is on the path."""
    monkeypatch.setattr(sys, "path", [*sys.path])  # the hook adds to it
    monkeypatch.delenv("HOOFBEAT_PURE", raising=False)
    scanner = tmp_path / "src" / compile.SCANNER
    scanner.parent.mkdir(parents=True)
    shutil.copy(compile.SOURCE / compile.SCANNER, scanner)
    scanner.with_name("one.py").write_text("ONE = 1\n")
    warning = run_hook(tmp_path, "wheel")[-1]
    assert warning.startswith("the core stays plain Python: ")
    assert "No such file or directory" in warning


@pytest.mark.usefixtures("path")
@pytest.mark.parametrize(("version", "pure"), [("editable", ""), ("standard", "1")])
def test_an_editable_wheel_and_one_asked_to_be_pure_are_not_compiled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, pure: str
) -> None:
    monkeypatch.setenv("HOOFBEAT_PURE", pure)
    (warning,) = run_hook(tmp_path, "wheel", version)
    assert "chat page" in warning
