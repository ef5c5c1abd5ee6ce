"""What a load test makes of brokers that lose, repeat, hold back, refuse and hang up."""

import asyncio
import os
import signal
import time
from collections.abc import Sequence
from time import perf_counter_ns
from typing import Any

import pytest

from hoofbeat.cli.bench import stamps
from hoofbeat.cli.bench.idle import Phase
from hoofbeat.cli.bench.line import Target
from hoofbeat.cli.bench.load import Load
from hoofbeat.cli.bench.plan import Kind, Pace, Plan
from hoofbeat.cli.bench.result import Result
from hoofbeat.cli.link import LinkError
from hoofbeat.cli.listen import Ack
from hoofbeat.cli.login import Broker
from tests.cli.crooked import AS_IT_SHOULD, Crooked
from tests.cli.scripted import Script, scripted

MS = 1_000_000
SOON = 0.5  # seconds: when patience is lost with what will not come


def pace(count: int = 200, seconds: float = 0.0, rate: float = 0.0, window: int = 100) -> Pace:
    """Measure from the first message on."""
    return Pace(count, seconds, 0.0, rate, window)


async def loaded(script: Script, watch: Any = lambda load: None, **more: Any) -> Result:
    """Put a load on a broker that does what ``script`` says."""
    plan: dict[str, Any] = {"destination": "/queue/a", "kind": Kind.QUEUE, "pace": pace()}
    async with scripted(script) as endpoint:
        load = Load(
            Plan(**{**plan, **more}),
            Target(Broker(endpoint, {}, "")),
            Phase(perf_counter_ns),
        )
        return await load.run(watch)


def faults(result: Result) -> tuple[int, int, int]:
    return result.lost, result.tally.duplicated, result.tally.misordered


async def test_a_broker_that_does_what_it_should_is_found_good() -> None:
    result = await loaded(Crooked().serve)
    assert result.is_good
    assert (result.tally.sent, result.tally.measured, faults(result)) == (200, 200, (0, 0, 0))
    assert result.hints() == []


async def test_what_is_lost_is_counted() -> None:
    broker = Crooked(lambda number, body: [] if number in {7, 50} else [body])
    result = await loaded(broker.serve, patience_seconds=SOON)
    assert (faults(result), result.fault) == ((2, 0, 0), "nothing came for 0.5 s")
    assert not result.is_good


async def test_what_comes_twice_is_counted() -> None:
    broker = Crooked(lambda number, body: [body, body] if number in {7, 8, 199} else [body])
    result = await loaded(broker.serve)
    assert (faults(result), result.is_good) == ((0, 3, 0), False)


async def test_a_read_that_comes_twice_is_counted() -> None:
    kept: list[bytes] = []

    def fate(number: int, body: bytes) -> Sequence[bytes]:
        kept.append(body)
        return kept * 2 if number == 199 else []

    result = await loaded(Crooked(fate).serve, pace=pace(window=1000))
    assert faults(result) == (0, 200, 0)


async def test_what_comes_late_is_counted_as_out_of_order() -> None:
    kept: list[bytes] = []

    def fate(number: int, body: bytes) -> Sequence[bytes]:
        if number == 7:
            kept.append(body)
            return []
        return [body, *kept] if number == 9 else [body]

    result = await loaded(Crooked(fate).serve)
    assert (faults(result), result.is_good) == ((0, 0, 1), False)


async def test_a_broker_that_gives_copies_where_one_was_asked_for_is_found_out() -> None:
    result = await loaded(Crooked().serve, subscribers=2)
    assert result.tally.duplicated == 200
    assert result.hints() == ["does every subscriber get a copy there? then say --kind topic"]


async def test_a_broker_that_gives_no_copies_is_found_out() -> None:
    broker = Crooked()
    broker.is_fair = True
    result = await loaded(broker.serve, subscribers=2, kind=Kind.TOPIC, patience_seconds=SOON)
    assert result.lost > 0
    assert result.hints() == ["does only one subscriber get each message there? then say --kind queue"]


async def test_messages_of_others_are_not_counted() -> None:
    other = stamps.write(b"", [(1, 2, 3, 4)], b"")[0]

    def fate(number: int, body: bytes) -> Sequence[bytes]:
        return [b"short", other, b"-" * 128, body] if number == 3 else [body]

    result = await loaded(Crooked(fate).serve)
    assert (result.is_good, result.tally.strangers) == (True, 3)
    assert result.hints() == ["3 messages of others were in the way; they are not counted"]


async def test_receipts_that_do_not_come_are_counted() -> None:
    broker = Crooked()
    broker.answers -= {b"SEND"}
    result = await loaded(broker.serve, receipts_every=50, patience_seconds=SOON)
    assert (result.unanswered, result.is_good) == (4, False)


async def test_what_can_not_be_sent_in_time_is_late_all_the_same() -> None:
    """Latency counts from when a message was due: a pause makes all late that fell into it."""

    broker = Crooked()
    broker.pauses = {0: 1.0}
    result = await loaded(broker.serve, size=65_000, pace=pace(400, rate=400.0))
    assert result.is_good
    (soon,) = result.tally.latencies.below([300 * MS])
    assert soon < 150  # 280 were due in the first 0.7 s, of which buffers held 170 at most


async def test_what_is_late_by_our_own_fault_is_late_all_the_same() -> None:
    def fate(number: int, body: bytes) -> Sequence[bytes]:
        if number == 0:
            time.sleep(0.3)  # the load test stands still as well
        return [body]

    result = await loaded(Crooked(fate).serve, pace=pace(200, rate=500.0))
    (soon,) = result.tally.latencies.below([100 * MS])
    assert soon < 110


async def test_no_more_than_the_window_is_under_way() -> None:
    broker = Crooked(lambda number, body: [])
    result = await loaded(broker.serve, pace=pace(window=100), patience_seconds=SOON)
    assert (result.tally.sent, result.lost) == (100, 100)


async def test_what_was_due_and_never_sent_is_said() -> None:
    broker = Crooked()
    broker.pauses = {0: 0.6}
    rate = pace(0, 0.3, rate=4000.0)
    result = await loaded(broker.serve, size=60_000, pace=rate)
    assert result.unsent > 300
    assert result.tally.sent + result.unsent == 1200
    assert (
        f"{result.unsent:,} messages were due and could not be sent: the rate was too high" in result.hints()
    )


async def test_what_there_was_no_time_for_is_said_too() -> None:
    def fate(number: int, body: bytes) -> Sequence[bytes]:
        if number == 0:
            time.sleep(0.5)
        return [body]

    result = await loaded(Crooked(fate).serve, pace=pace(0, 0.2, rate=20_000.0))
    assert result.tally.sent < 4000
    assert result.tally.sent + result.unsent == 4000


async def test_a_broker_that_hangs_up_ends_it_and_loses_nothing() -> None:
    broker = Crooked()
    broker.most = 50
    result = await loaded(broker.serve)
    assert result.fault in {
        "the broker closed the connection",
        "the connection broke: connection reset by peer",
        "the connection broke: broken pipe",
    }
    assert (result.lost, result.is_good) == (0, False)
    assert 0 < result.missing <= result.tally.sent


async def test_a_refusal_ends_it() -> None:
    class Refusing(Crooked):
        def deliver(self, bodies: Sequence[bytes]) -> None:
            super().deliver(bodies)
            if self.sent == 20:
                for subscriber in self._subscribers:
                    subscriber.write(b"ERROR\nmessage:slow reader\n\n\0")

    result = await loaded(Refusing().serve)
    assert (result.fault, result.lost) == ("refused: slow reader", 0)


async def test_a_refusal_in_the_end_counts() -> None:
    class Refusing(Crooked):
        async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await super().serve(reader, writer)
            writer.write(b"ERROR\nmessage:not so fast\n\n\0")

    broker = Refusing()
    broker.answers -= {b"DISCONNECT"}
    result = await loaded(broker.serve)
    assert (result.fault, result.is_good) == ("refused: not so fast", False)


async def test_a_goodbye_without_an_answer_matters_only_where_nobody_listens() -> None:
    """Web STOMP of RabbitMQ hangs up on DISCONNECT."""
    broker = Crooked()
    broker.answers -= {b"DISCONNECT"}
    assert (await loaded(broker.serve)).hints() == []
    alone = Crooked()
    alone.answers -= {b"DISCONNECT"}
    result = await loaded(alone.serve, subscribers=0, receipts_every=60, kind=Kind.TOPIC)
    assert result.is_good
    assert result.hints() == ["no receipt says whether the last 20 messages arrived"]


async def test_a_broker_that_does_not_answer_subscribe_is_given_up() -> None:
    broker = Crooked()
    broker.answers -= {b"SUBSCRIBE"}
    with pytest.raises(LinkError, match="the broker does not answer SUBSCRIBE"):
        await loaded(broker.serve, patience_seconds=SOON)


async def test_nonsense_from_the_broker_ends_it() -> None:
    class Mumbling(Crooked):
        def deliver(self, bodies: Sequence[bytes]) -> None:
            for subscriber in self._subscribers:
                subscriber.write(b"MUMBLE\n\n\0")

    result = await loaded(Mumbling().serve)
    assert result.fault.startswith("the broker broke the protocol: ")


@pytest.mark.parametrize(
    ("version", "ack"),
    [
        (AS_IT_SHOULD, b"ACK\nid:a%d"),
        (b"version:1.1", b"ACK\nmessage-id:m%d\nsubscription:1"),
        (b"version:1.0", b"ACK\nmessage-id:m%d"),
    ],
)
async def test_messages_are_acknowledged_as_the_version_does(version: bytes, ack: bytes) -> None:
    broker = Crooked(connected=version)
    await loaded(broker.serve, ack=Ack.CLIENT_INDIVIDUAL)
    assert broker.acks == [ack % number for number in range(200)]


async def test_one_ack_speaks_for_all_of_a_read() -> None:
    broker = Crooked()
    await loaded(broker.serve, ack=Ack.CLIENT)
    assert broker.acks[-1] == b"ACK\nid:a199"
    assert len(broker.acks) < 200


async def test_ctrl_c_ends_it_and_what_was_measured_is_kept() -> None:
    def interrupt(load: Load) -> None:
        if load.tally.measured and not load.is_interrupted:
            os.kill(os.getpid(), signal.SIGINT)

    result = await loaded(Crooked().serve, interrupt, pace=pace(0, 60.0, rate=500.0))
    assert (result.is_interrupted, result.is_good, result.lost) == (True, True, 0)
    assert result.tally.measured > 0
    assert result.hints() == ["interrupted before its time"]


async def test_what_does_not_come_after_ctrl_c_is_not_called_lost() -> None:
    def interrupt(load: Load) -> None:
        if load.tally.measured and not load.is_interrupted:
            os.kill(os.getpid(), signal.SIGINT)

    broker = Crooked(lambda number, body: [] if number == 3 else [body])
    result = await loaded(broker.serve, interrupt, pace=pace(0, 60.0, rate=500.0))
    assert (result.missing, result.lost) == (1, 0)
    assert "1 messages had not come when it ended" in result.hints()
