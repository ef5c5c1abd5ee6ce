"""ACK and NACK: runs of them, wherever they are cut, and the very words that name a delivery."""

import pytest

from tests.conformance.wire import Client, Heard, Wire, frame, settlement

QUEUE = "destination:/queue/a"
NEVER = "nothing of that id was delivered"


def consumer(
    wire: Wire, *bodies: bytes, version: str = "1.2", soft: bool = False
) -> tuple[Client, list[Heard]]:
    """Have a consumer hold so many deliveries; return them too."""
    client = wire.connect(version, *(["hoofbeat-soft-errors:true"] if soft else []))
    client.send(frame("SUBSCRIBE", "id:0", QUEUE, "ack:client-individual"))
    wire.connect().send(*[frame("SEND", QUEUE, body=body) for body in bodies])
    heard = client.frames()
    assert [each.body for each in heard] == list(bodies)
    return client, heard


def unsettled(wire: Wire, client: Client) -> list[bytes]:
    """Have the client leave, and return what it had not settled."""
    client.leave()
    other = wire.connect()
    other.send(frame("SUBSCRIBE", "id:0", QUEUE))
    return other.bodies()


# Runs.


def run(heard: list[Heard]) -> bytes:
    """Settle five of six deliveries in all the ways there are, and send something in between."""
    return b"".join(
        [
            settlement("ACK", "1.2", heard[0]),
            settlement("ACK", "1.2", heard[4]),
            b"\n\r\n",
            settlement("NACK", "1.2", heard[1], "requeue:false"),
            frame("SEND", "destination:/queue/b", "receipt:sent"),
            settlement("ACK", "1.2", heard[3], "receipt:acked"),
            b"\n",
            settlement("NACK", "1.2", heard[2], "receipt:nacked"),
        ]
    )


def outcome(place: int) -> tuple[object, ...]:
    wire = Wire()
    client, heard = consumer(wire, *[b"%d" % number for number in range(6)])
    written = run(heard)
    client.send_in_pieces(written[:place], written[place:])
    frames = client.frames()
    stats = wire.broker.stats
    return (
        [each.get("receipt-id") or (each.body, each.get("delivery-count")) for each in frames],
        stats.messages_acknowledged,
        stats.messages_dead_lettered,
        unsettled(wire, client),
    )


def test_a_run_of_settlements_is_the_same_wherever_it_is_cut() -> None:
    _, heard = consumer(Wire(), *[b"%d" % number for number in range(6)])
    whole = outcome(0)
    assert whole == (["sent", "acked", "nacked", (b"2", "2")], 3, 1, [b"2", b"5"])
    for place in range(1, len(run(heard))):
        assert outcome(place) == whole


def test_a_long_run_of_acks_settles_every_delivery() -> None:
    wire = Wire()
    bodies = [b"%d" % number for number in range(100)]
    client, heard = consumer(wire, *bodies)
    client.send(*[settlement("ACK", "1.2", each) for each in reversed(heard[1:])])
    assert (wire.broker.stats.messages_acknowledged, client.frames()) == (99, [])
    assert unsettled(wire, client) == [b"0"]


@pytest.mark.parametrize("soft", [False, True])
def test_a_bad_ack_in_a_run_is_refused_after_what_came_before_it(soft: bool) -> None:
    wire = Wire()
    client, (first, second) = consumer(wire, b"1", b"2", soft=soft)
    client.send(
        settlement("ACK", "1.2", first, "receipt:1"),
        frame("ACK", "id:1-3", "receipt:2"),
        settlement("ACK", "1.2", second, "receipt:3"),
    )
    heard = [(each.command, each.get("receipt-id")) for each in client.frames()]
    expected = [("RECEIPT", "1"), ("ERROR", "2"), ("RECEIPT", "3")]
    assert heard == expected[: 3 if soft else 2]
    assert client.closed is not soft
    assert wire.broker.stats.messages_acknowledged == (2 if soft else 1)


def test_a_delivery_that_is_named_twice_in_one_run_is_settled_once() -> None:
    wire = Wire()
    client, (first, second) = consumer(wire, b"1", b"2", soft=True)
    client.send(*[settlement("ACK", "1.2", each) for each in (first, first, second)])
    assert "settled already" in client.frame().header("message")
    assert wire.broker.stats.messages_acknowledged == 2


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2"])
def test_a_run_may_settle_deliveries_of_several_subscriptions(version: str) -> None:
    wire = Wire()
    client = wire.connect(version)
    for id in ("0", "1"):
        client.send(frame("SUBSCRIBE", f"id:{id}", f"destination:/queue/{id}", "ack:client"))
    for body in (b"1", b"2", b"3"):
        for queue in ("0", "1"):
            wire.connect().send(frame("SEND", f"destination:/queue/{queue}", body=body))
    heard = client.frames()
    client.send(*[settlement("ACK", version, each) for each in heard[2:4]])
    assert (wire.broker.stats.messages_acknowledged, client.frames()) == (4, [])


# The very words.


@pytest.mark.parametrize("command", ["ACK", "NACK"])
@pytest.mark.parametrize(
    "token",
    [
        "junk-1-1", "1-1-1", "-1-1", "1-01", "1-001", "01-1", "1-+1", "1--1", "1-1.0", "1_1", "1-0", "1-00",
        "1-3", " 1-1", "1-1 ", "1- 1", "1-1\\n", "1-", "-1", "-", "1", "1:1", "1-9999999999999999999999",
        "1-\u0661", "1-\uff11", "\u0661-1", "1-\u00b9", "1-\u0967", "1-1\u0661",
    ],
)  # fmt: skip
def test_an_ack_must_name_a_delivery_by_the_very_words_it_came_with(command: str, token: str) -> None:
    wire = Wire()
    client, _ = consumer(wire, b"1", b"2")
    client.send(frame(command, f"id:{token}"))
    assert NEVER in client.refusal().header("message")
    assert wire.broker.stats.messages_acknowledged == 0


@pytest.mark.parametrize(
    "token",
    ["1-02", "1-+2", "1- 2", "1-2 ", "1-0_2", "1-2_0", "01-2", "11-2", "1-2-", "12", "1-x", "1-",
     "1-0000000000000002", "1-\u0662", "1-3"],
)  # fmt: skip
def test_an_ack_that_follows_a_good_one_must_do_so_too(token: str) -> None:
    wire = Wire()
    client, heard = consumer(wire, b"1", b"2")
    client.send(settlement("ACK", "1.2", heard[0]) + frame("ACK", f"id:{token}"))
    assert NEVER in client.refusal().header("message")
    assert wire.broker.stats.messages_acknowledged == 1


def test_acks_of_a_run_count_what_may_be_unsettled() -> None:
    wire = Wire()
    client = wire.connect()
    client.send(
        frame("SUBSCRIBE", "id:0", QUEUE, "ack:client-individual", f"prefetch-count:9,{2 * (len(QUEUE) + 3)}")
    )
    publisher = wire.connect()
    for _ in range(4):
        publisher.send(frame("SEND", QUEUE, body=b"12"))
    heard = client.frames()
    assert len(heard) == 2
    client.send(*[settlement("ACK", "1.2", each) for each in heard])
    assert len(client.frames()) == 2


def test_a_transaction_takes_in_no_ack_that_names_a_delivery_in_other_words() -> None:
    client, _ = consumer(Wire(), b"1")
    client.send(frame("BEGIN", "transaction:t"), frame("ACK", "id:1-01", "transaction:t"))
    assert NEVER in client.refusal().header("message")


@pytest.mark.parametrize("version", ["1.0", "1.1"])
@pytest.mark.parametrize(
    "forged",
    [
        "{epoch}-{second}-{serial}-{first_tag}", "{epoch}-{first}-{serial}-{second_tag}",
        "{serial}-{first_tag}", "-{serial}-{first_tag}", "junk-{serial}-{first_tag}", "{epoch}-{first}",
        "{epoch}-{first}-{serial}-0{first_tag}", "{epoch}-0{first}-{serial}-{first_tag}",
        "{epoch}-{first}-{serial}-\u0661", "x{epoch}-{first}-{serial}-{first_tag}",
        "{epoch}-{first}-{serial}-{first_tag} x",
    ],
)  # fmt: skip
def test_before_1_2_an_ack_must_carry_the_whole_message_id(version: str, forged: str) -> None:
    wire = Wire()
    client, heard = consumer(wire, b"1", b"2", version=version)
    (epoch, first, serial, first_tag), (_, second, _, second_tag) = [
        each.header("message-id").split("-") for each in heard
    ]
    parts = {"first": first, "second": second, "first_tag": first_tag, "second_tag": second_tag}
    token = forged.format(epoch=epoch, serial=serial, **parts)
    client.send(frame("ACK", f"message-id:{token}", "subscription:0"))
    assert NEVER in client.refusal().header("message")
    assert wire.broker.stats.messages_acknowledged == 0


def test_what_another_session_was_given_is_nothing_to_this_one() -> None:
    wire = Wire()
    _, (theirs,) = consumer(wire, b"1", version="1.1")
    client, _ = consumer(wire, version="1.1")
    client.send(settlement("ACK", "1.1", theirs))
    assert NEVER in client.refusal().header("message")


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_a_redelivery_is_named_anew(version: str) -> None:
    wire = Wire()
    client, (first,) = consumer(wire, b"1", version=version, soft=True)
    client.send(settlement("NACK", version, first))
    (second,) = client.frames()
    client.send(settlement("ACK", version, first), settlement("ACK", version, second))
    assert "settled already" in client.frame().header("message")
    assert wire.broker.stats.messages_acknowledged == 1
