"""What "Let others in" shows is run here, so that it stays true."""

import re
import tomllib
from pathlib import Path

import pytest
import trustme

from hoofbeat.cli import settings
from hoofbeat.server import users
from tests.cli.served import serving
from tests.cli.test_main import outcome

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "let-others-in.md"
SHOWN = re.findall(r"```toml\n(.*?)```", PAGE.read_text(), re.DOTALL)

Out = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Do what the page says up to its configuration, in the present directory."""
    monkeypatch.chdir(tmp_path)
    authority = trustme.CA()
    authority.cert_pem.write_to_path("ca.pem")
    certificate = authority.issue_cert("127.0.0.1")
    certificate.private_key_pem.write_to_path("key.pem")
    certificate.cert_chain_pems[0].write_to_path("cert.pem")
    for name in ("ann", "bob"):
        users.set_password(tmp_path / "users", name, f"{name}'s own")
    (tmp_path / "hoofbeat.toml").write_text(SHOWN[0])
    return tmp_path


def say(capsys: Out, url: str, who: str, *arguments: str) -> tuple[int, str, str]:
    """Run a client's command as a user."""
    login = ("--login", who, "--passcode", f"{who}'s own")
    return outcome(capsys, *arguments, "--url", url, "--ca", "ca.pem", *login)


def test_the_configuration_that_is_shown_can_be_used(capsys: Out, folder: Path) -> None:
    shown = outcome(capsys, "config", "--check", "--config", "hoofbeat.toml")
    assert shown == (0, "hoofbeat.toml can be used\n", "")


def test_every_user_may_do_what_the_page_says(capsys: Out, folder: Path) -> None:
    addresses = ("--tls", "127.0.0.1:0", "--https", "127.0.0.1:0")
    with serving("--config", "hoofbeat.toml", *addresses, lines=3) as running:
        url = f"stomp+ssl://{running.address('tls')}"
        assert say(capsys, url, "ann", "send", "/topic/orders/new", "a teapot") == (0, "", "")
        assert say(capsys, url, "ann", "send", "/queue/ann", "mine") == (0, "", "")
        assert say(capsys, url, "ann", "listen", "/queue/ann", "--count", "1") == (0, "mine\n", "")
        for destination in ("/topic/orders/new", "/queue/ann", "/topic/other"):
            code, _, err = say(capsys, url, "bob", "send", destination, "not mine")
            assert (code, "Access refused: not allowed to" in err) == (1, True)


def test_the_settings_for_a_proxy_can_be_used(folder: Path) -> None:
    config = tomllib.loads(SHOWN[1])
    (folder / "proxy.toml").write_text(SHOWN[1])
    assert settings.load(folder / "proxy.toml").config.proxies == tuple(config["proxies"])
