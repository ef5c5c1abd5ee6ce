"""What "Keep what was sent for who comes later" shows is run here, so that it stays true."""

import re
import shlex
from pathlib import Path

import pytest

from tests.cli.served import serving
from tests.cli.test_main import outcome

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "how-to" / "keep-for-later.md").read_text()
CONFIG = "".join(re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL))
SHOWN = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
WITHOUT_PAGES = ("--stomp", "127.0.0.1:0", "--http", "")

Out = pytest.CaptureFixture[str]


def run(capsys: Out, url: str, command: str) -> str:
    """Run one of the commands that are shown, and return what it prints."""
    _, verb, *arguments = shlex.split(command)
    where = () if verb == "store" else ("--url", url)
    code, out, err = outcome(capsys, verb, *where, *arguments)
    assert (code, err) == (0, "")
    return out


def test_every_command_prints_what_is_shown_and_a_restart_loses_nothing(
    capsys: Out, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("hoofbeat.toml").write_text(CONFIG)
    serve = ("--config", "hoofbeat.toml", "--data", "data", *WITHOUT_PAGES)
    for session in SHOWN:
        with serving(*serve, lines=1) as running:
            url = f"stomp://{running.address('stomp')}"
            for step in session.removeprefix("$ ").split("\n$ "):
                command, *printed = step.splitlines()
                assert run(capsys, url, command).splitlines() == printed, command
