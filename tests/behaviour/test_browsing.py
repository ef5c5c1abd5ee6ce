"""Browsers of queues: who looks on takes nothing."""

import pytest

from hoofbeat.broker.destination import parse
from hoofbeat.config import BrokerConfig, QueueConfig
from hoofbeat.engines.local.queues.browsing import AT_ONCE
from tests.behaviour.consumers import QUEUE, consumer, one_by_one, send, settle
from tests.conformance.wire import Client, Heard, Wire, every_version, frame
from tests.patient_store import Disk, PatientStore


def shown(client: Client) -> list[bytes]:
    """Return the bodies of what a browser was shown, to the end that was said."""
    *messages, end = client.frames()
    assert end.get("browser") == "end"
    assert all(heard.get("browser") is None for heard in messages)
    return [heard.body for heard in messages]


@every_version
def test_a_browser_is_shown_what_waits_and_takes_nothing(wire: Wire, version: str) -> None:
    wire.connect().send(*[send(at, f"at:{at}") for at in range(3)])
    browser = consumer(wire, "browser:true", version=version)
    messages = browser.frames()
    assert [heard.body for heard in messages] == [b"0", b"1", b"2", b""]
    assert messages[1].header("at") == "1"
    assert messages[3] == Heard(
        "MESSAGE",
        (
            ("subscription", "0"),
            ("message-id", "0"),
            ("destination", QUEUE),
            ("browser", "end"),
            ("content-length", "0"),
        ),
        b"",
    )
    assert consumer(wire).bodies() == [b"0", b"1", b"2"]


def test_an_empty_queue_has_an_end_and_is_none_after_it(wire: Wire) -> None:
    assert shown(consumer(wire, "browser:true")) == []
    assert not wire.broker.engine.has(parse(QUEUE))


def test_messages_are_shown_in_the_order_of_delivery(wire: Wire) -> None:
    wire.connect().send(
        *[send(at, f"priority:{priority}") for at, priority in enumerate((4, 9, 0, 4))], send(4, "priority:9")
    )
    assert shown(consumer(wire, "browser:true")) == [b"1", b"4", b"0", b"3", b"2"]
    choosy = consumer(wire, "selector:kind = 'none'")  # has all of them be looked at
    assert shown(consumer(wire, "browser:true")) == [b"1", b"4", b"0", b"3", b"2"]
    wire.connect().send(send(5, "priority:4"))
    choosy.leave()
    assert shown(consumer(wire, "browser:true")) == [b"1", b"4", b"0", b"3", b"5", b"2"]


def test_what_is_in_a_consumers_hands_is_not_shown_and_what_came_back_is(wire: Wire) -> None:
    held = one_by_one(wire)
    wire.connect().send(send(0), send(1))
    assert shown(consumer(wire, "browser:true")) == [b"1"]
    assert held.bodies() == [b"0"]
    held.leave()
    assert shown(consumer(wire, "browser:true")) == [b"0", b"1"]
    again = consumer(wire, "ack:client-individual").frames()[0]
    assert again.header("delivery-count") == "2", "being looked at is no delivery"


def test_a_browser_has_a_selector_too_and_expired_messages_are_not_shown(wire: Wire) -> None:
    wire.connect().send(send(0, "kind:x"), send(1, "kind:y"), send(2, "kind:x", "ttl:500"))
    wire.pass_time(0.6)
    assert shown(consumer(wire, "browser:true", "selector:kind = 'x'")) == [b"0"]


def test_a_browser_that_is_slow_is_shown_more_when_it_has_read(wire: Wire) -> None:
    wire.connect().send(*[send(b"%03d" % at + b"x" * 5000) for at in range(250)])
    browser = wire.connect()
    browser.pause()
    browser.send(frame("SUBSCRIBE", "id:0", f"destination:{QUEUE}", "browser:true"))
    assert len(browser.octets()) < 250 * 5000
    browser.resume()
    assert browser.bodies()[-1] == b""


def test_a_browser_that_leaves_is_shown_nothing_more(wire: Wire) -> None:
    sender = wire.connect()
    browser = consumer(wire, "browser:true", "browser-end:false")
    browser.send(frame("UNSUBSCRIBE", "id:0"))
    sender.send(send(1))
    assert browser.octets() == b""
    assert consumer(wire).bodies() == [b"1"]
    wire.connect().leave()
    assert not wire.broker.engine.has(parse("/queue/b"))


def test_without_an_end_it_is_shown_what_comes_later_whoever_gets_it(wire: Wire) -> None:
    sender = wire.connect()
    sender.send(send(0))
    browser, other = consumer(wire, "browser:true", "browser-end:false"), consumer(wire)
    sender.send(send(1), send(2))
    sender.send(
        frame("BEGIN", "transaction:t"),
        send(3, "transaction:t"),
        frame("COMMIT", "transaction:t"),
    )
    assert other.bodies() == [b"0", b"1", b"2", b"3"]
    assert browser.bodies() == [b"0", b"1", b"2", b"3"]
    browser.leave()
    sender.send(send(4))
    assert other.bodies() == [b"4"]


def test_what_came_while_the_rest_was_shown_is_shown_once_and_after_it(wire: Wire) -> None:
    sender = wire.connect()
    sender.send(*[send(b"%03d" % at + b"x" * 5000) for at in range(200)])
    browser = wire.connect()
    browser.pause()
    browser.send(frame("SUBSCRIBE", "id:0", f"destination:{QUEUE}", "browser:true", "browser-end:false"))
    sender.send(send(b"last", "priority:9"))
    browser.resume()
    bodies = browser.bodies()
    assert len(bodies) == 201
    assert bodies[-1] == b"last"


def test_a_lasting_browser_that_reads_too_slowly_is_ended(wire: Wire) -> None:
    browser, sender, other = wire.connect(), wire.connect(), consumer(wire)
    browser.send(frame("SUBSCRIBE", "id:0", f"destination:{QUEUE}", "browser:true", "browser-end:false"))
    browser.pause()
    for _ in range(AT_ONCE // 250 + 4):
        sender.send(*[send(b"x" * 600) for _ in range(250)])
        wire.flush()
        other.octets()
    assert browser.closed
    assert not other.closed


def test_more_than_memory_holds_is_shown_from_the_disk() -> None:
    disk, config = Disk(), BrokerConfig(queue=QueueConfig(window_messages=6))
    wire = Wire(config, store=(store := PatientStore(disk, reads_at_once=True)))
    sender = wire.connect()
    for at in range(20):
        sender.send(send(at, f"persistent:{'true' if at % 2 else 'false'}", f"priority:{4 + at // 10}"))
    expected = [b"%d" % at for at in [*range(10, 20), *range(10)]]
    browser = consumer(wire, "browser:true")
    wire.flush()
    assert shown(browser) == expected
    store.settle(99)
    wire.flush()
    other = consumer(wire)
    for _ in range(9):
        wire.flush()
    assert other.bodies() == expected


def test_what_was_kept_is_shown_after_a_restart_though_nobody_asked_for_it() -> None:
    disk = Disk()
    wire = Wire(store=(store := PatientStore(disk, reads_at_once=True)))
    wire.connect().send(*[send(at, "persistent:true") for at in range(5)])
    store.settle(9)
    wire.flush()
    wire = Wire(store=PatientStore(disk, reads_at_once=True))
    browser = consumer(wire, "browser:true")
    wire.flush()
    assert shown(browser) == [b"%d" % at for at in range(5)]


@pytest.mark.parametrize("ack", ["client", "client-individual"])
def test_a_browser_acknowledges_nothing(wire: Wire, ack: str) -> None:
    refusal = consumer(wire, "browser:true", f"ack:{ack}").refusal()
    assert refusal.header("message") == "browser needs ack auto"


@pytest.mark.parametrize("more", [(), ("durable:true",)])
def test_topics_have_nothing_to_look_through(wire: Wire, more: tuple[str, ...]) -> None:
    client = wire.connect("1.2", "client-id:me")
    client.send(frame("SUBSCRIBE", "id:0", "destination:/topic/a", "browser:true", *more))
    assert client.refusal().header("message") == "browser is not supported on SUBSCRIBE to a topic"


def test_browser_false_asks_for_nothing(wire: Wire) -> None:
    client = consumer(wire, "browser:false", "browser-end:false")
    wire.connect().send(send(1))
    assert client.bodies() == [b"1"]
    assert consumer(wire).bodies() == []


def test_credit_of_consumers_is_not_a_browsers(wire: Wire) -> None:
    sender, first = wire.connect(), one_by_one(wire)
    browser = consumer(wire, "browser:true", "browser-end:false")
    sender.send(send(1), send(2))
    assert settle(first) == b"1"
    assert settle(first) == b"2"
    assert browser.bodies() == [b"1", b"2"]


def test_what_was_looked_at_for_a_consumer_and_what_was_not_are_shown_in_one_order(wire: Wire) -> None:
    held, sender = one_by_one(wire, "selector:kind = 'x'"), wire.connect()
    for at, kind in enumerate("yyxyy"):
        sender.send(send(at, f"kind:{kind}"))
    assert shown(consumer(wire, "browser:true")) == [b"0", b"1", b"3", b"4"]
    assert held.bodies() == [b"2"]


def test_a_lasting_browser_may_come_before_all_messages(wire: Wire) -> None:
    browser = consumer(wire, "browser:true", "browser-end:false")
    wire.connect().send(send(1))
    assert browser.bodies() == [b"1"]


def test_what_comes_back_is_not_sent_later(wire: Wire) -> None:
    held, sender = one_by_one(wire), wire.connect()
    sender.send(send(0, "priority:0"))
    sender.send(send(1))
    browser = consumer(wire, "browser:true", "browser-end:false")
    held.leave()
    sender.send(send(2))
    assert browser.bodies() == [b"1", b"2"]


def test_what_was_sent_early_and_comes_late_is_shown_once(wire: Wire) -> None:
    sender, browser = wire.connect(), wire.connect()
    sender.send(send(b"late", "delay:500"))
    sender.send(*[send(b"%03d" % at + b"x" * 5000) for at in range(200)])
    browser.pause()
    browser.send(frame("SUBSCRIBE", "id:0", f"destination:{QUEUE}", "browser:true", "browser-end:false"))
    wire.pass_time(1)
    browser.resume()
    bodies = browser.bodies()
    assert (len(bodies), bodies.count(b"late")) == (201, 1)


@pytest.mark.parametrize("end", ["true", "false"])
def test_what_comes_to_the_disk_meanwhile_is_shown_once_at_most(end: str) -> None:
    config = BrokerConfig(queue=QueueConfig(window_messages=6))
    wire = Wire(config, store=PatientStore(reads_at_once=True))
    sender, browser = wire.connect(), wire.connect()
    sender.send(*[send(at, "persistent:true") for at in range(20)])
    browser.pause()
    browser.send(frame("SUBSCRIBE", "id:0", f"destination:{QUEUE}", "browser:true", f"browser-end:{end}"))
    sender.send(*[send(at, "persistent:true") for at in range(20, 25)])
    browser.resume()
    more = [b""] if end == "true" else [b"%d" % at for at in range(20, 25)]
    assert browser.bodies() == [*[b"%d" % at for at in range(20)], *more]


def test_a_browser_that_was_shown_all_of_the_disk_keeps_nothing_there() -> None:
    disk = Disk()
    wire = Wire(store=(store := PatientStore(disk, reads_at_once=True)))
    wire.connect().send(send(1, "persistent:true"))
    store.settle(9)
    wire.flush()
    wire = Wire(store=PatientStore(disk, reads_at_once=True))
    browser = consumer(wire, "browser:true")
    wire.flush()
    assert shown(browser) == [b"1"]
    other = consumer(wire)
    wire.flush()
    assert other.bodies() == [b"1"]
    other.leave()
    assert not wire.broker.engine.has(parse(QUEUE))
