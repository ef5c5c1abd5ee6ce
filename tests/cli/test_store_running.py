"""``hoofbeat store`` while a broker is at work on the store."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from hoofbeat.cli import asking
from hoofbeat.server.control import NAME
from hoofbeat.stores.sqlite import offline
from hoofbeat.stores.sqlite.directory import Directory
from hoofbeat.stores.sqlite.schema import FILE
from tests.cli.served import SECONDS, Served, end, serving, start
from tests.cli.test_main import outcome
from tests.stores.test_sqlite import opened

Capture = pytest.CaptureFixture[str]

LISTENERS = ("--stomp", "127.0.0.1:0", "--http", "")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def broker(data: Path, capsys: Capture) -> Iterator[Served]:
    """A broker that keeps two messages."""
    with serving(*LISTENERS, "--data", str(data), lines=2) as running:
        url = f"stomp://{running.address('stomp')}"
        for body in ("one", "two"):
            persistent = ("--header", "persistent:true", "--receipt")
            assert outcome(capsys, "send", "--url", url, "/queue/a", body, *persistent)[0] == 0
        yield running


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_it_is_counted(capsys: Capture, data: Path, broker: Served) -> None:
    code, out, err = outcome(capsys, "store", "stats", str(data))
    assert (code, err) == (0, "")
    assert [" ".join(line.split()) for line in out.splitlines()[1:]] == [
        "closed not yet: a broker is at work on it",
        "queue /queue/a 2 messages, 80 bytes",
    ]


def durables(capsys: Capture, data: Path) -> list[str]:
    code, out, err = outcome(capsys, "store", "stats", str(data))
    assert (code, err) == (0, "")
    return [" ".join(line.split()[1:]) for line in out.splitlines() if line.startswith("durable")]


def one_durable(capsys: Capture, data: Path, state: str) -> str:
    """Wait until there is one, and it is in use or away; return what is said about it."""
    deadline = time.monotonic() + SECONDS
    while not (lines := durables(capsys, data)) or state not in lines[0]:
        assert time.monotonic() < deadline
    return lines[0]


def test_durable_subscriptions_are_listed_with_who_uses_them_and_deleted(
    capsys: Capture, data: Path, broker: Served
) -> None:
    url = ("--url", f"stomp://{broker.address('stomp')}")
    desk = ("listen", *url, "/topic/orders", "--header", "id:desk", "--header", "persistent:true")
    select = ("--header", "selector:n > 0")
    listener = start(*desk, *select, "--count", "1")
    assert one_durable(capsys, data, "in use") == (
        "/dsub/desk 0 messages, 0 bytes, in use; without a login, on /topic/orders, where n > 0"
    )
    code, out, err = outcome(capsys, "store", "forget", str(data), "/dsub/desk")
    assert (code, out) == (1, "")
    assert "'/dsub/desk' is in use: somebody listens under that name" in err
    send = ("send", *url, "/topic/orders", "it", "--header", "n:1", "--receipt")
    assert outcome(capsys, *send)[0] == 0
    assert end(listener)[:2] == (0, "it\n")
    one_durable(capsys, data, "away")
    assert outcome(capsys, *send)[0] == 0
    assert one_durable(capsys, data, "away").startswith("/dsub/desk 1 messages, 32 bytes, away for ")
    assert outcome(capsys, "store", "forget", str(data), "/dsub/desk") == (
        0,
        "/dsub/desk is gone, and what waited for it\n",
        "",
    )
    assert durables(capsys, data) == []
    code, out, err = outcome(capsys, "store", "forget", str(data), "/dsub/desk")
    assert (code, out) == (1, "")
    assert "there is no durable subscription '/dsub/desk'" in err


def test_it_is_checked_in_a_copy_that_is_gone_afterwards(capsys: Capture, data: Path, broker: Served) -> None:
    before = names(data)
    assert outcome(capsys, "store", "check", str(data)) == (0, f"{data} is in order\n", "")
    assert names(data) == before


def test_it_is_exported(capsys: Capture, data: Path, broker: Served) -> None:
    before = names(data)
    code, out, err = outcome(capsys, "store", "export", str(data))
    assert (code, err) == (0, "")
    store, *records = map(json.loads, out.splitlines())
    assert store["is_clean"] is False
    assert [record["message"]["body"] for record in records] == ["one", "two"]
    assert names(data) == before


def test_what_wants_it_alone_says_what_to_do(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch, data: Path, broker: Served
) -> None:
    code, out, err = outcome(capsys, "store", "compact", str(data))
    assert (code, out) == (1, "")
    assert f"{data} is in use by process {broker.process.pid}: stop it first" in err
    code, out, err = outcome(capsys, "store", "import", str(data))
    assert (code, out) == (1, "")
    assert "holds a store already: name an empty directory" in err


def test_a_backup_is_a_store_to_start_from(
    capsys: Capture, data: Path, tmp_path: Path, broker: Served
) -> None:
    file = tmp_path / "saved.db"
    code, out, err = outcome(capsys, "store", "backup", str(data), str(file))
    assert (code, out, err) == (0, f"{file} holds {data}, {file.stat().st_size} bytes\n", "")
    code, out, err = outcome(capsys, "store", "backup", str(data), str(file))
    assert (code, out) == (1, "")
    assert "exists" in err
    assert outcome(capsys, "store", "backup", "--force", str(data), str(file))[0] == 0
    assert outcome(capsys, "store", "check", str(file)) == (0, f"{file} is in order\n", "")
    restored = tmp_path / "restored"
    restored.mkdir()
    file.rename(restored / FILE)
    with serving(*LISTENERS, "--data", str(restored), lines=2) as running:
        url = f"stomp://{running.address('stomp')}"
        heard = outcome(capsys, "listen", "--url", url, "/queue/a", "--count", "2")
        assert heard == (0, "one\ntwo\n", "")


class Load(threading.Thread):
    """Sends durable messages, a few under way at a time, and notes the receipts."""

    def __init__(self, address: str) -> None:
        super().__init__()
        host, _, port = address.partition(":")
        self.receipted: list[int] = []
        self.has_some = threading.Event()
        self.is_over = threading.Event()
        self._socket = socket.create_connection((host, int(port)), timeout=20.0)
        self._sent = 0

    def run(self) -> None:
        with closing(self._socket):
            self._socket.sendall(b"CONNECT\naccept-version:1.2\nhost:x\n\n\0")
            for _ in range(20):
                self._send()
            rest = b""
            while len(self.receipted) < self._sent:
                *frames, rest = (rest + self._socket.recv(65536)).split(b"\0")
                for frame in frames:
                    self._heard(frame)

    def _send(self) -> None:
        self._sent += 1
        head = b"SEND\ndestination:/queue/load\npersistent:true\nreceipt:%d\n\n" % self._sent
        self._socket.sendall(head + b"%d\0" % self._sent)

    def _heard(self, frame: bytes) -> None:
        if b"receipt-id:" in frame:
            self.receipted.append(int(frame.partition(b"receipt-id:")[2]))
            if len(self.receipted) == 500:
                self.has_some.set()
            if not self.is_over.is_set():
                self._send()


def test_all_that_had_its_receipt_is_in_a_backup(
    capsys: Capture, data: Path, tmp_path: Path, broker: Served
) -> None:
    load = Load(broker.address("stomp"))
    load.start()
    try:
        for file in (tmp_path / "first", tmp_path / "second"):
            assert load.has_some.wait(20.0)
            before = set(load.receipted)
            assert outcome(capsys, "store", "backup", str(data), str(file))[0] == 0
            assert offline.check(file) == []
            lines = map(json.loads, outcome(capsys, "store", "export", str(file))[1].splitlines())
            kept = [int(line["message"]["body"]) for line in lines if line.get("queue") == "/queue/load"]
            assert len(before) >= 500
            assert before <= set(kept)
            assert kept == list(range(1, len(kept) + 1))  # nothing is left out
    finally:
        load.is_over.set()
        load.join()


def test_what_a_broker_that_was_killed_left_is_nobodys(capsys: Capture, data: Path, broker: Served) -> None:
    broker.process.kill()
    broker.process.wait()
    assert (data / NAME).exists()
    code, out, _ = outcome(capsys, "store", "stats", str(data))
    assert code == 0
    assert "not in order: what waits may be redelivered" in out


def test_who_has_a_store_and_can_not_be_asked_is_named(capsys: Capture, data: Path) -> None:
    asker = opened(data)
    asker.store.recover()
    asker.store.close()
    with closing(Directory(data)):
        code, _, err = outcome(capsys, "store", "stats", str(data))
    assert code == 1
    assert "in use by process" in err
    assert "(it can't be asked: no such file or directory)" in err


def test_who_is_sent_away_before_it_could_ask_is_told_why(capsys: Capture, data: Path) -> None:
    asker = opened(data)
    asker.store.recover()
    asker.store.close()
    for answer, why in (
        (b'{"error": "too much at once"}\n', "too much at once"),
        (b"", "before it had answered"),
    ):
        with closing(Directory(data)), hasty(data, answer):
            code, out, err = outcome(capsys, "store", "stats", str(data))
        assert (code, out, why in err) == (1, "", True)


@contextmanager
def hasty(data: Path, answer: bytes) -> Iterator[None]:
    """Answer whoever comes, and close before anything was asked."""

    class Hasty(socket.socket):
        def sendall(self, *args: Any) -> None:
            raise BrokenPipeError(32, "Broken pipe")

    near, far = socket.socketpair()
    far.sendall(answer)
    far.close()
    with closing(near), pytest.MonkeyPatch.context() as patch:
        patch.setattr(asking, "_connect", lambda *args: Hasty(fileno=near.detach()))
        yield


def test_a_broker_that_breaks_off_is_named(
    capsys: Capture, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken(socket.socket):
        def recv_into(self, *args: Any) -> int:
            raise ConnectionResetError(104, "Connection reset by peer")

    asker = opened(data)
    asker.store.recover()
    asker.store.close()
    near, far = socket.socketpair()
    monkeypatch.setattr(asking, "_connect", lambda *args: Broken(fileno=near.detach()))
    with closing(Directory(data)), closing(far):
        code, out, err = outcome(capsys, "store", "stats", str(data))
    assert (code, out) == (1, "")
    assert err == f"hoofbeat: the broker of {data} broke off: connection reset by peer\n"


@pytest.mark.parametrize(
    ("answer", "why"),
    [(b"", "ended before it had answered"), (b'{"error": "not now"}\n', "hoofbeat: not now")],
)
def test_a_broker_that_goes_away_is_told(capsys: Capture, data: Path, answer: bytes, why: str) -> None:
    asker = opened(data)
    asker.store.recover()
    asker.store.close()
    with closing(Directory(data)), closing(socket.socket(socket.AF_UNIX)) as listening:
        listening.bind(str(data / NAME))
        listening.listen()

        def serve() -> None:
            peer = listening.accept()[0]
            peer.recv(65536)
            peer.sendall(answer)
            peer.close()

        thread = threading.Thread(target=serve)
        thread.start()
        code, out, err = outcome(capsys, "store", "backup", str(data), str(data.parent / "saved"))
        thread.join()
    assert (code, out) == (1, "")
    assert why in err
