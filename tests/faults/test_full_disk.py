"""A broker whose disk is full: senders are told, consumers go on, and then there is room again."""

import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.test_main import outcome
from tests.conformance.wire import Heard, frame, settlement
from tests.faults.ledger import Stream, in_background
from tests.interop.serving import serving
from tests.stores.test_sqlite import opened

QUEUE = "destination:/queue/a"
SOFT = "hoofbeat-soft-errors:true"
PADDING = b"x" * 20_000
SIZES = pytest.mark.parametrize("mebibytes", [1, 3])


@pytest.fixture
def disk(tmp_path: Path, mebibytes: int) -> Iterator[Path]:
    """A small file system."""
    path = tmp_path / "disk"
    path.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "none", path], check=True)
    yield path
    subprocess.run(["umount", "--lazy", path], check=True)


class Sender:
    """Sends numbered messages that are kept.

    Attributes:
        promised: numbers of those that had their receipt.
        refused: numbers of those that had no room.
    """

    def __init__(self, port: int) -> None:
        """Connect."""
        self._stream = Stream(port, SOFT)
        self._next = 0
        self.promised: set[int] = set()
        self.refused: set[int] = set()

    def send(self, count: int = 1) -> bool:
        """Send messages, and hear what became of them; return whether there was room for all."""
        waiting = set(range(self._next, self._next + count))
        self._next += count
        refused = len(self.refused)
        for number in sorted(waiting):
            body = b"%d " % number + PADDING
            self._stream.send(frame("SEND", QUEUE, "persistent:true", f"receipt:{number}", body=body))
        while waiting:
            for heard in self._stream.frames():
                number = int(heard.header("receipt-id"))
                waiting.remove(number)
                if heard.command == "RECEIPT":
                    self.promised.add(number)
                else:
                    assert (heard.command, heard.header("message")) == ("ERROR", "disk is full")
                    self.refused.add(number)
        return len(self.refused) == refused

    def fill(self) -> int:
        """Send one by one until there is no room; return for how many there was."""
        before = len(self.promised)
        while self.send():
            assert self._next < 1000, "the disk is never full"
        return len(self.promised) - before

    def close(self) -> None:
        """Disconnect."""
        self._stream.close()


class Consumer:
    """Takes messages, and acknowledges some.

    Attributes:
        held: what it got and did not acknowledge, by number.
        gone: numbers of what it acknowledged, each with a receipt.
    """

    def __init__(self, port: int) -> None:
        """Connect and subscribe."""
        self._stream = Stream(port)
        self._stream.send(frame("SUBSCRIBE", "id:0", QUEUE, "ack:client-individual", "prefetch-count:1000"))
        self.held: dict[int, Heard] = {}
        self.gone: set[int] = set()

    def take(self, numbers: set[int]) -> None:
        """Wait until it has messages."""
        while not self.held.keys() >= numbers:
            self.hear()

    def acknowledge(self, numbers: set[int]) -> None:
        """Acknowledge messages, and wait for the receipts."""
        for number in sorted(numbers):
            held = self.held.pop(number)
            self._stream.send(settlement("ACK", "1.2", held, f"receipt:{number}"))
        while not self.gone >= numbers:
            self.hear()

    def hear(self) -> None:
        """Wait for what comes, and note it."""
        for heard in self._stream.frames():
            if heard.command == "RECEIPT":
                self.gone.add(int(heard.header("receipt-id")))
            else:
                assert heard.command == "MESSAGE", heard
                self.held[int(heard.body.split()[0])] = heard

    def close(self) -> None:
        """Disconnect."""
        self._stream.close()


def look(capsys: pytest.CaptureFixture[str], folder: Path, kept: set[int]) -> None:
    """Check a store that was left, that it has just what it should have, and that a broker gives that."""
    assert outcome(capsys, "store", "check", str(folder)) == (0, f"{folder} is in order\n", "")
    asker = opened(folder)
    asker.store.recover()
    entries = asker.page("/queue/a", most=1000, most_bytes=1 << 30)
    asker.store.close()
    assert {int(entry.message.body.split()[0]) for entry in entries} == kept
    with serving(f"data={folder}") as broker:
        consumer = Consumer(broker.stomp)
        consumer.take(kept)
        consumer.acknowledge(kept)
        consumer.close()


@pytest.mark.needs("mount")
@SIZES
def test_a_broker_refuses_what_has_no_room_and_takes_messages_again_once_consumers_made_some(
    capsys: pytest.CaptureFixture[str], disk: Path
) -> None:
    folder = disk / "data"
    with serving(f"data={folder}") as broker:
        sender = Sender(broker.stomp)
        gone: set[int] = set()
        counts = []
        for _ in range(3):
            counts.append(sender.fill())
            assert not sender.send()
            with Stream(broker.stomp) as other:
                other.send(frame("SEND", "destination:/topic/passing", "receipt:passing"))
                assert other.frames()[0].header("receipt-id") == "passing"
            consumer = Consumer(broker.stomp)
            waiting = sender.promised - gone
            consumer.take(waiting)
            consumer.acknowledge(set(sorted(waiting)[:-3]))
            gone |= consumer.gone
            consumer.close()
            assert sender.send(), "no room was made"
        assert min(counts) > 5
        sender.close()
    look(capsys, folder, sender.promised - gone)


@pytest.mark.needs("mount")
@SIZES
def test_consumers_go_on_while_senders_press_on_a_full_disk(
    capsys: pytest.CaptureFixture[str], disk: Path
) -> None:
    folder = disk / "data"
    with serving(f"data={folder}") as broker:
        sender = Sender(broker.stomp)
        count = sender.fill()
        is_over = threading.Event()

        def press() -> None:
            while not is_over.is_set():
                sender.send(5)

        (thread,) = in_background(press)
        consumer = Consumer(broker.stomp)
        while len(consumer.gone) < 3 * count:
            consumer.hear()
            consumer.acknowledge(set(consumer.held))
        is_over.set()
        thread.join(20.0)
        assert not thread.is_alive()
        assert sender.refused
        sender.close()
        consumer.close()
    look(capsys, folder, sender.promised - consumer.gone)
