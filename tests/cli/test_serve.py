"""``hoofbeat serve``: what it prints, and how it ends."""

import re
import signal
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
import trustme

from tests.cli.served import Served, end, serving, start

OPEN_DOOR = "no users are configured: loopback only, and any login is taken at its word\n"
TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """Serve on free ports."""
    with serving("--stomp", "127.0.0.1:0", "--http", "127.0.0.1:0", lines=3) as running:
        yield running


def test_the_addresses_are_printed_one_a_line_ready_to_copy(served: Served) -> None:
    assert re.fullmatch(
        r"stomp +127\.0\.0\.1:\d+\nchat +http://127\.0\.0\.1:(\d+)/\nwebsocket +ws://127\.0\.0\.1:\1/stomp\n",
        "".join(served.lines),
    )


def test_the_chat_is_where_it_says(served: Served) -> None:
    with urlopen(served.address("chat"), timeout=5) as answer:
        assert b"<html" in answer.read()


def test_stomp_is_where_it_says(served: Served) -> None:
    host, _, port = served.address("stomp").partition(":")
    with socket.create_connection((host, int(port)), timeout=5) as client:
        client.sendall(b"CONNECT\naccept-version:1.2\nhost:a\n\n\0")
        assert client.recv(1024).startswith(b"CONNECTED\nversion:1.2\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order_and_the_open_door_was_said_in_one_line(number: signal.Signals) -> None:
    with serving("--stomp", "127.0.0.1:0", "--http", "", lines=1) as running:
        running.process.send_signal(number)
        code, out, err = end(running.process)
        assert (code, out) == (0, "")
        assert re.fullmatch(rf"{OPEN_DOOR}{TIME} = draining\n{TIME} = stopped\n", err)


def test_nothing_is_logged_below_the_level() -> None:
    options = ("--stomp", "127.0.0.1:0", "--http", "", "--allow-anonymous", "--log-level", "warning")
    with serving(*options, lines=1) as running:
        running.process.terminate()
        code, _, err = end(running.process)
        assert (code, err.count("\n")) == (0, 1)


def test_where_there_are_users_nothing_is_said(tmp_path: Path) -> None:
    (tmp_path / "users").write_text("")
    options = ("--stomp", "127.0.0.1:0", "--http", "", "--users", str(tmp_path / "users"))
    with serving(*options, "--log-level", "warning", lines=1) as running:
        running.process.terminate()
        assert end(running.process) == (0, "", "")


def test_a_refused_login_is_a_line_in_the_log(tmp_path: Path) -> None:
    (tmp_path / "users").write_text("")
    options = ("--stomp", "127.0.0.1:0", "--http", "", "--users", str(tmp_path / "users"))
    with serving(*options, lines=1) as running:
        host, _, port = running.address("stomp").partition(":")
        with socket.create_connection((host, int(port)), timeout=5) as client:
            client.sendall(b"CONNECT\naccept-version:1.2\nhost:a\nlogin:bob\npasscode:secret\n\n\0")
            assert client.recv(1024).startswith(b"ERROR\n")
        running.process.terminate()
        _, _, err = end(running.process)
        assert re.search(rf"^{TIME} ! refused login 'bob' from 127\.0\.0\.1$", err, re.MULTILINE)
        assert "secret" not in err


def test_the_chat_is_not_announced_where_there_are_no_pages(tmp_path: Path) -> None:
    options = (
        "--stomp",
        "",
        "--http",
        "127.0.0.1:0",
        "--unix",
        str(tmp_path / "sock"),
        "--set",
        "pages=false",
    )
    with serving(*options, lines=2) as running:
        assert running.lines[0] == f"unix      {tmp_path / 'sock'}\n"
        assert running.lines[1].startswith("websocket ws://127.0.0.1:")


def test_an_encrypted_chat_is_announced_as_such(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(tmp_path / "cert.pem")
    options = (
        "--stomp",
        "",
        "--http",
        "",
        "--https",
        "127.0.0.1:0",
        "--certificate",
        str(tmp_path / "cert.pem"),
    )
    with serving(*options, lines=2) as running:
        trusting = ssl.create_default_context()
        authority.configure_trust(trusting)
        with urlopen(running.address("chat"), timeout=5, context=trusting) as answer:
            assert b"<html" in answer.read()
        assert running.address("websocket").startswith("wss://127.0.0.1:")


def test_a_port_that_is_taken_is_one_line_and_2(served: Served) -> None:
    taken = served.address("stomp")
    code, out, err = end(start("serve", "--stomp", taken, "--http", ""))
    assert (code, out) == (2, "")
    why = f"stomp {taken} can't be listened on: address already in use; name another with --stomp"
    assert err == f"hoofbeat: {why}\n"


def test_a_file_and_variables_configure_it(tmp_path: Path) -> None:
    file = tmp_path / "hoofbeat.toml"
    file.write_text('stomp = ["127.0.0.1:0"]\nhttp = ["0.0.0.0:0"]\n')
    code, _, err = end(start("serve", "--config", str(file)))
    assert (code, err.count("\n")) == (2, 1)
    assert err.startswith(f"hoofbeat: {file}: http 0.0.0.0:0 is beyond loopback")
    code, _, err = end(start("serve", "--config", str(file), more={"HOOFBEAT_HTTP": "x"}))
    assert (code, err.startswith("hoofbeat: HOOFBEAT_HTTP: http address 'x'")) == (2, True)


def test_where_data_is_kept_is_printed_and_what_was_kept_is_there_again(tmp_path: Path) -> None:
    options = ("--stomp", "127.0.0.1:0", "--http", "", "--data", str(tmp_path / "data"))
    message = b"SEND\ndestination:/queue/a\npersistent:true\nreceipt:1\n\nhello\0"
    subscription = b"SUBSCRIBE\nid:0\ndestination:/queue/a\nack:client-individual\n\n\0"
    for frame, answer in ((message, b"receipt-id:1\n"), (subscription, b"redelivered:false\n")):
        with serving(*options, lines=2) as running:
            assert running.address("data") == str(tmp_path / "data")
            code, _, err = end(start("serve", *options))
            assert (code, err.count("\n")) == (1, 1)
            assert f"is in use by process {running.process.pid}" in err
            host, _, port = running.address("stomp").partition(":")
            with socket.create_connection((host, int(port)), timeout=5) as client:
                client.sendall(b"CONNECT\naccept-version:1.2\nhost:a\n\n\0" + frame)
                heard = b""
                while answer not in heard:
                    heard += client.recv(1024)
