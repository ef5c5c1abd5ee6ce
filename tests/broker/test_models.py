"""Headers with the names of others that were looked at already: only where they go to is looked at."""

import pytest

from hoofbeat.broker import destination
from hoofbeat.broker.message import Envelope
from hoofbeat.protocol.headers import Headers

MODEL = {"destination": "/queue/a", "at": "0"}
PREFIX = b"1-"


def lines(fields: dict[str, str]) -> bytes:
    return "".join(f"\n{name}:{value}" for name, value in fields.items()).encode()


def opened(fields: dict[str, str]) -> tuple[Headers, Envelope]:
    """Read headers as the first of a run."""
    headers = Headers(fields, lines(fields))
    return headers, Envelope(destination.parse(fields["destination"]), headers, PREFIX)


def led(raw: bytes, model: Headers) -> Headers:
    """Make headers as the scanner does: nobody has looked at them."""
    return Headers(None, raw, (), model)


def test_names_that_mean_nothing_to_the_broker_make_a_model() -> None:
    assert opened(MODEL)[0].is_model


@pytest.mark.parametrize(
    "name",
    [
        "receipt",
        "transaction",
        "reply-to",
        "priority",
        "ttl",
        "expires",
        "hoofbeat-x",
        "ack",
        "deliver-at",
        "_AMQ_DUPL_ID",
    ],
)
def test_names_that_mean_something_make_none(name: str) -> None:
    assert not opened({**MODEL, name: "1"})[0].is_model


def test_what_has_the_names_of_a_model_is_passed_on_as_it_is() -> None:
    model, first = opened(MODEL)
    raw = lines({"destination": "/queue/a", "at": "1"})
    following = first.following(led(raw, model))
    assert following is not None
    assert following.destination is first.destination
    assert following.headers().fields == {"destination": "/queue/a", "at": "1"}


@pytest.mark.parametrize("where", ["/queue/b", "/queue/ab", "/queue/", "/queue/a\nx:1"])
def test_what_goes_elsewhere_is_not_taken_for_the_same(where: str) -> None:
    model, first = opened(MODEL)
    following = first.following(led(f"\ndestination:{where}\nat:1".encode(), model))
    assert (following is None) == (where != "/queue/a\nx:1")


def test_the_destination_may_stand_last() -> None:
    model, first = opened({"at": "0", "destination": "/queue/a"})
    assert first.following(led(b"\nat:1\ndestination:/queue/a", model)) is not None
    assert first.following(led(b"\nat:1\ndestination:/queue/ab", model)) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [("priority", "9"), ("ttl", "10"), ("expires", "10"), ("delay", "1"), ("duplicate-id", "1")],
)
def test_a_run_of_what_is_special_does_not_go_on_with_messages_that_have_none(name: str, value: str) -> None:
    model, _ = opened(MODEL)
    _, first = opened({**MODEL, name: value})
    assert first.following(led(lines(MODEL), model)) is None


@pytest.mark.parametrize(("name", "value"), [("persistent", "true"), ("retain", "set")])
def test_a_run_of_what_is_kept_does_not_go_on_with_messages_that_are_not(name: str, value: str) -> None:
    there = {**MODEL, "destination": "/topic/a"}
    model, _ = opened(there)
    _, first = opened({**there, name: value})
    assert first.following(led(lines(there), model)) is None


def test_fields_are_read_when_somebody_asks() -> None:
    model, _ = opened(MODEL)
    headers = led(b"\ndestination:/queue/a\nat:1:2", model)
    assert headers["at"] == "1:2"
    assert list(headers) == ["destination", "at"]
