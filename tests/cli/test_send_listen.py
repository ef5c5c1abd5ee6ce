"""``hoofbeat send`` and ``hoofbeat listen``, against a broker as its users start it."""

import io
import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from hoofbeat.cli import listening
from hoofbeat.protocol.commands import Command
from hoofbeat.protocol.frames import frame
from hoofbeat.protocol.versions import Version
from hoofbeat.server import users
from tests.cli.served import SECONDS, Served, end, serving, start
from tests.cli.test_main import outcome

Out = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make certificates and a socket's place."""
    folder = tmp_path_factory.mktemp("served")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(folder / "cert.pem")
    return folder


@pytest.fixture(scope="module")
def served(folder: Path) -> Iterator[Served]:
    """Serve by TCP, TLS and a Unix socket, to anybody."""
    options = ("--stomp", "127.0.0.1:0", "--tls", "127.0.0.1:0", "--certificate", str(folder / "cert.pem"))
    with serving(*options, "--unix", str(folder / "sock"), "--http", "", lines=3) as running:
        yield running


@pytest.fixture(scope="module")
def url(served: Served) -> str:
    """Return where it speaks plain STOMP."""
    return f"stomp://{served.address('stomp')}"


def send(capsys: Out, url: str, *arguments: str) -> None:
    """Send, and see that nothing was said."""
    assert outcome(capsys, "send", "--url", url, *arguments) == (0, "", "")


def heard(capsys: Out, url: str, queue: str, *arguments: str, count: int = 1) -> str:
    """Take messages off a queue, and return what was shown."""
    code, out, err = outcome(capsys, "listen", "--url", url, queue, "--count", str(count), *arguments)
    assert (code, err) == (0, "")
    return out


def test_what_is_sent_is_heard(capsys: Out, url: str) -> None:
    send(capsys, url, "/queue/plain", "hello")
    assert heard(capsys, url, "/queue/plain") == "hello\n"


def test_a_message_without_a_body_is_one(capsys: Out, url: str) -> None:
    send(capsys, url, "/queue/empty")
    assert heard(capsys, url, "/queue/empty") == "\n"


def test_the_body_may_come_from_standard_input(
    capsys: Out, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"\xff\0\xfe")))
    send(capsys, url, "/queue/binary", "-")
    assert json.loads(heard(capsys, url, "/queue/binary", "--json"))["body_base64"] == "/wD+"


def test_headers_go_with_the_message_and_are_shown(capsys: Out, url: str) -> None:
    headers = ("--header", "x: a:b", "-H", "content-type:text/plain", "-H", "nasty:\x1b[2J")
    send(capsys, url, "/queue/headers", "hello", *headers)
    head, body = heard(capsys, url, "/queue/headers", "--headers").split("\n\n", 1)
    assert body == "hello\n\n"
    assert {"x: a:b", "content-type: text/plain", "nasty: \\x1b[2J", "destination: /queue/headers"} <= set(
        head.splitlines()
    )


def test_json_is_one_line_a_message(capsys: Out, url: str) -> None:
    for body in ("one\ntwo", "ü"):
        send(capsys, url, "/queue/json", body, "--header", "x:1")
    lines = [json.loads(line) for line in heard(capsys, url, "/queue/json", "--json", count=2).splitlines()]
    assert [line["body"] for line in lines] == ["one\ntwo", "ü"]
    assert lines[0]["headers"]["x"] == "1"


def test_a_count_leaves_the_rest_in_the_queue(capsys: Out, url: str) -> None:
    for number in range(4):
        send(capsys, url, "/queue/count", str(number))
    assert heard(capsys, url, "/queue/count", count=2) == "0\n1\n"
    assert heard(capsys, url, "/queue/count", "--ack", "client", count=2) == "2\n3\n"


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [((), "0\n1\n2\n"), (("--count", "2"), "0\n1\n"), (("--count", "9"), "0\n1\n2\n")],
)
def test_who_browses_sees_what_is_there_and_takes_nothing(
    capsys: Out, url: str, arguments: tuple[str, ...], shown: str
) -> None:
    for number in range(3):
        send(capsys, url, "/queue/browsed", str(number))
    browsing = ("listen", "--url", url, "/queue/browsed", "--header", "browser:true", *arguments)
    assert outcome(capsys, *browsing) == (0, shown, "")
    assert heard(capsys, url, "/queue/browsed", count=3) == "0\n1\n2\n"


def test_who_asks_for_no_browser_is_none(capsys: Out, url: str) -> None:
    send(capsys, url, "/queue/taken", "hello")
    assert heard(capsys, url, "/queue/taken", "--header", "browser:false") == "hello\n"
    send(capsys, url, "/queue/taken", "again")
    assert heard(capsys, url, "/queue/taken") == "again\n"


def test_a_receipt_is_shown_where_it_is_asked_for(capsys: Out, url: str) -> None:
    for arguments, receipt in ((("--receipt",), "hoofbeat-1"), (("--header", "receipt:mine"), "mine")):
        code, out, _ = outcome(capsys, "send", "--url", url, "/topic/a", "x", *arguments)
        assert (code, out) == (0, f"receipt {receipt}\n")


def test_what_the_broker_refuses_is_one_line_and_1(capsys: Out, url: str) -> None:
    for arguments in (("send", "nowhere", "x"), ("listen", "nowhere"), ("send", "/queue/*", "x")):
        code, out, err = outcome(capsys, *arguments, "--url", url)
        assert (code, out, err.count("\n")) == (1, "", 1)
        assert err.startswith("hoofbeat: refused: ")


def test_a_broker_that_is_not_there_is_one_line_and_1(capsys: Out, tmp_path: Path) -> None:
    code, out, err = outcome(capsys, "send", "/topic/a", "x", "--url", f"unix:{tmp_path / 'none'}")
    assert (code, out) == (1, "")
    assert err == f"hoofbeat: {tmp_path / 'none'} can't be reached: no such file or directory\n"


def test_a_unix_socket_carries_it(capsys: Out, url: str, folder: Path) -> None:
    send(capsys, f"unix:{folder / 'sock'}", "/queue/unix", "hello")
    assert heard(capsys, url, "/queue/unix") == "hello\n"


def test_tls_carries_it_where_the_certificate_is_trusted(capsys: Out, served: Served, folder: Path) -> None:
    secure = f"stomp+ssl://{served.address('tls')}"
    send(capsys, secure, "/queue/tls", "hello", "--ca", str(folder / "ca.pem"))
    code, _, err = outcome(capsys, "send", "--url", secure, "/queue/tls", "x")
    assert (code, err.count("\n")) == (1, 1)
    assert "its certificate is not trusted" in err


def test_listening_ends_in_order_by_a_signal(capsys: Out, url: str) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        listener = start("listen", "/queue/live", "--url", url, "--ack", "client-individual")
        send(capsys, url, "/queue/live", "hello")
        assert listener.stdout is not None
        assert listener.stdout.readline() == "hello\n"
        listener.send_signal(number)
        assert end(listener) == (0, "", "")


def test_listening_ends_where_nobody_reads_it(capsys: Out, url: str) -> None:
    listener = start("listen", "/queue/pipe", "--url", url)
    assert listener.stdout is not None
    send(capsys, url, "/queue/pipe", "hello")
    assert listener.stdout.readline() == "hello\n"
    listener.stdout.close()
    send(capsys, url, "/queue/pipe", "hello")
    assert listener.wait(SECONDS) == 1
    assert listener.stderr is not None
    assert listener.stderr.read() == ""
    listener.stderr.close()


def test_who_is_in_the_users_file_comes_in(
    capsys: Out, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    users.set_password(tmp_path / "users", "ann", "secret")
    options = ("--stomp", "127.0.0.1:0", "--http", "", "--users", str(tmp_path / "users"))
    with serving(*options, lines=1) as running:
        url = f"stomp://{running.address('stomp')}"
        refusals = []
        for who in ((), ("--login", "ann"), ("--login", "bob", "--passcode", "secret")):
            code, _, err = outcome(capsys, "send", "--url", url, "/queue/a", "x", *who)
            assert code == 1
            refusals.append(err)
        assert len(set(refusals)) == 1
        send(capsys, url, "/queue/a", "x", "--login", "ann", "--passcode", "secret")
        monkeypatch.setenv("HOOFBEAT_LOGIN", "ann")
        monkeypatch.setenv("HOOFBEAT_PASSCODE", "secret")
        assert heard(capsys, url, "/queue/a") == "x\n"


@pytest.mark.parametrize(
    ("version", "headers"),
    [
        (Version.V1_2, {"id": "9"}),
        (Version.V1_1, {"message-id": "7", "subscription": "1"}),
        (Version.V1_0, {"message-id": "7"}),
    ],
)
def test_a_delivery_is_acknowledged_as_its_version_does(version: Version, headers: dict[str, str]) -> None:
    message = frame(Command.MESSAGE, {"message-id": "7", "subscription": "1", "ack": "9"})
    assert listening.ack_headers(message, version) == headers


def test_a_terminal_is_shown_nothing_that_it_might_obey(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    message: Any = frame(Command.MESSAGE, {}, "tab\t, ü, \x1b]0;title\x07\x9b2J".encode() + b"\xff")
    assert listening.as_body(message) == message.body + b"\n"
    monkeypatch.setattr("sys.stdout", Terminal())
    assert listening.as_body(message).decode() == "tab\t, ü, \\x1b]0;title\\x07\\x9b2J\\xff\n"


def test_a_header_can_not_be_forged_by_the_value_or_name_of_another() -> None:
    message: Any = frame(Command.MESSAGE, {"a": "1\nb: 2", "c: 3\nd": "\x1b[2J"}, b"body")
    assert listening.as_frame(message) == b"a: 1\\nb: 2\nc: 3\\nd: \\x1b[2J\n\nbody\n\n"
