import io
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

import hatch_build


class App:
    """The part of hatchling that a hook talks to."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def display_warning(self, text: str) -> None:
        self.warnings.append(text)


def run_hook(root: Path) -> list[str]:
    app: Any = App()
    nothing: Any = None
    hook = hatch_build.VendorHook(str(root), {}, nothing, nothing, str(root), "wheel", app)
    hook.initialize("standard", {})
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
