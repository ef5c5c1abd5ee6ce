"""The reference of the commands says what the commands say."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from hoofbeat.cli import main

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def commands() -> ModuleType:
    """Load the tool that writes the page."""
    spec = spec_from_file_location("commands", ROOT / "tools" / "commands.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_of_the_commands_is_fresh(commands: ModuleType) -> None:
    assert commands.PAGE.read_text() == commands.page(), "run tools/commands.py"


@pytest.mark.parametrize("name", ["serve", "send", "listen", "config", "passwd"])
def test_every_command_is_on_the_page(commands: ModuleType, name: str) -> None:
    assert f"Usage: hoofbeat {name} " in commands.page()


def test_the_page_says_what_variables_and_exit_codes_there_are(commands: ModuleType) -> None:
    page = commands.page()
    for word in ("HOOFBEAT_CONFIG", "HOOFBEAT_URL", "HOOFBEAT_LOGIN", "HOOFBEAT_PASSCODE"):
        assert f"[env var: {word}" in page
    for code in (0, main.REFUSED, main.MISUSED, main.INTERRUPTED):
        assert f"\n| {code} | " in page
