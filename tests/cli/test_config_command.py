"""``hoofbeat config``: what it checks and what it shows."""

import tomllib
from pathlib import Path

import pytest
import trustme

from hoofbeat.cli.settings import load
from tests.cli.test_main import outcome


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Write a configuration file that needs nothing else."""
    path = tmp_path / "hoofbeat.toml"
    path.write_text('stomp = ["127.0.0.1:0"]\n[broker.queue]\nprefetch = 7\n')
    return path


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOOFBEAT_CONFIG", "HOOFBEAT_STOMP"):
        monkeypatch.delenv(name, raising=False)


def test_a_good_file_can_be_used(capsys: pytest.CaptureFixture[str], file: Path) -> None:
    assert outcome(capsys, "config", "--check", "--config", str(file)) == (0, f"{file} can be used\n", "")


def test_the_file_may_be_named_by_a_variable(
    capsys: pytest.CaptureFixture[str], file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOFBEAT_CONFIG", str(file))
    assert outcome(capsys, "config", "--check") == (0, f"{file} can be used\n", "")


def test_a_bad_file_is_one_line_and_2(capsys: pytest.CaptureFixture[str], file: Path) -> None:
    file.write_text("stmp = []")
    fault = f"hoofbeat: {file}: stmp is no setting; did you mean stomp?\n"
    assert outcome(capsys, "config", "--check", "--config", str(file)) == (2, "", fault)


def test_what_is_shown_reads_as_the_same_and_says_where_it_came_from(
    capsys: pytest.CaptureFixture[str], file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOFBEAT_PAGES", "false")
    code, out, _ = outcome(
        capsys, "config", "--show", "--config", str(file), "--set", "broker.queue.messages=5"
    )
    assert code == 0
    assert f'stomp = ["127.0.0.1:0"]  # {file}\n' in out
    assert "pages = false  # HOOFBEAT_PAGES\n" in out
    assert "messages = 5  # --set broker.queue.messages\n" in out
    assert 'http = ["127.0.0.1:8080"]\n' in out
    tomllib.loads(out)
    file.write_text(out)
    assert load(file).config.broker.queue.prefetch == 7


@pytest.mark.parametrize("flags", [(), ("--check", "--show")])
def test_one_thing_is_asked_at_a_time(capsys: pytest.CaptureFixture[str], flags: tuple[str, ...]) -> None:
    assert outcome(capsys, "config", *flags) == (2, "", "hoofbeat: say what to do: --check or --show\n")


def test_a_users_file_that_is_missing_is_found_out(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    users = tmp_path / "users"
    code, _, err = outcome(capsys, "config", "--check", "--set", f"users_file={users}")
    assert (code, err) == (2, f"hoofbeat: {users}: no such file or directory\n")


def test_a_pattern_that_nobody_could_match_quickly_is_found_out(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = outcome(capsys, "config", "--check", "--set", 'broker.topics."/topic/**/**".messages=1')
    assert (code, err) == (2, "hoofbeat: topics: '/topic/**/**': wildcard pattern with two ** in a row\n")


def test_a_certificate_is_tried(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    pem = tmp_path / "cert.pem"
    trustme.CA().issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(pem)
    assert outcome(capsys, "config", "--check", "--set", f"certificate={pem}")[0] == 0
    pem.write_text("nonsense")
    code, _, err = outcome(capsys, "config", "--check", "--set", f"certificate={pem}")
    assert code == 2
    assert str(pem) in err
