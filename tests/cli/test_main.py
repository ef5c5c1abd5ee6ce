"""What every command has in common: help, version, and how it ends."""

import subprocess
import sys

import pytest

from hoofbeat.cli import main, schema
from hoofbeat.cli.version import describe
from hoofbeat.config import ServerConfig

# What can be set by --set alone.
WITHOUT_OPTION = {"forwarded_header", "pages", "allow_plaintext_passwords", "access", "limits", "broker"}


def outcome(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Run a command in this process; return its exit code and what it wrote."""
    code = main.run(arguments)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_the_version_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert outcome(capsys, "--version") == (0, f"{describe()}\n", "")


def test_what_a_command_needs_is_imported_when_it_is_called() -> None:
    """The version, help and a completion should not wait for a whole server."""
    heavy = {"asyncio", "starlette", "uvicorn", "argon2"}
    program = f"import sys, hoofbeat.cli.main; print(*{heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


@pytest.mark.parametrize("arguments", [(), ("--help",), ("-h",)])
def test_without_a_command_help_is_shown(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    code, out, err = outcome(capsys, *arguments)
    assert code == 0
    assert err == ""
    for command in ("serve", "send", "listen", "config", "passwd"):
        assert f"\n  {command}" in out


@pytest.mark.parametrize("command", ["serve", "send", "listen", "config", "passwd"])
def test_every_command_explains_itself(capsys: pytest.CaptureFixture[str], command: str) -> None:
    code, out, _ = outcome(capsys, command, "--help")
    assert code == 0
    assert f"Usage: hoofbeat {command}" in out


@pytest.mark.parametrize(
    "name", [name for name in schema.hints_of(ServerConfig) if name not in WITHOUT_OPTION]
)
def test_a_setting_at_the_top_has_an_option_that_says_the_same(
    capsys: pytest.CaptureFixture[str], name: str
) -> None:
    _, out, _ = outcome(capsys, "serve", "--help")
    words = schema.docs_of(ServerConfig)[name].replace("``", "").split()[1:5]
    assert " ".join(words) in " ".join(out.split())


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (("dance",), "hoofbeat: No such command 'dance'; try --help\n"),
        (("serve", "--qqq"), "hoofbeat: No such option: --qqq; try --help\n"),
        (("send",), "hoofbeat: Missing argument 'DEST'; try --help\n"),
        (
            ("listen", "/topic/a", "--url", "x"),
            "hoofbeat: 'x' is not stomp://host:port, stomp+ssl://host:port or unix:path\n",
        ),
        (("send", "/topic/a", "--header", "x"), "hoofbeat: --header 'x' is not NAME:VALUE\n"),
        (
            ("serve", "--stomp", "x"),
            "hoofbeat: --stomp: stomp address 'x' is not host:port, such as 127.0.0.1:61613\n",
        ),
        (
            ("serve", "--set", "x"),
            "hoofbeat: --set x: it takes key=value, such as broker.queue.prefetch=10\n",
        ),
        (
            ("serve", "--http", "", "--stomp", ""),
            "hoofbeat: unix, stomp, tls, http, https are all empty: name an address for one of them\n",
        ),
    ],
)
def test_a_misuse_is_one_line_and_2(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], fault: str
) -> None:
    assert outcome(capsys, *arguments) == (2, "", fault)


def test_a_number_that_makes_no_sense_is_a_misuse(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = outcome(capsys, "listen", "/topic/a", "--count", "-1")
    assert (code, out) == (2, "")
    assert "'--count'" in err
    assert err.count("\n") == 1


def test_ctrl_c_is_130(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupt(_: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("hoofbeat.cli.endpoint.parse", interrupt)
    assert outcome(capsys, "send", "/topic/a")[0] == 130


def test_main_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["hoofbeat", "--version"])
    with pytest.raises(SystemExit) as caught:
        main.main()
    assert caught.value.code == 0
