"""The steps every client goes through. The same steps in JavaScript: ``node/scenario.mjs``."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from itertools import count
from typing import NamedTuple

from tests.interop.clients.base import Client, Place, Subscription

PATIENCE_SECONDS = 10.0
HEART_BEAT_MS = 1000
END = b"end"

OCTETS = bytes(range(256)) * 2
TEXT_WITH_NUL = "\0ž\0\0".encode()


class Scenario(NamedTuple):
    """One client, one transport, one version.

    Attributes:
        make: returns a client that is not connected yet.
        place: where to, and what to speak.
        headers: the awkward ones this client can say.
        binary: a body with NUL octets that this client can send.
        tag: makes destinations differ from those of other scenarios.
        numbers: makes them differ within this one.
    """

    make: Callable[[], Client]
    place: Place
    headers: Mapping[str, str]
    binary: bytes
    tag: str
    numbers: "count[int]"

    def destination(self, kind: str) -> str:
        """Name a destination that nobody used."""
        return f"/{kind}/interop-{self.tag}-{next(self.numbers)}"

    @asynccontextmanager
    async def connected(self, heart_beat_ms: int = 0) -> AsyncIterator[Client]:
        """Connect, and disconnect with a receipt."""
        client = self.make()
        await client.connect(self.place, heart_beat_ms)
        yield client
        await client.disconnect()


async def send(client: Client, destination: str, *bodies: bytes) -> None:
    """Send plain messages."""
    for body in bodies:
        await client.send(destination, body, {}, None)


async def until_end(client: Client, destination: str, subscription: Subscription) -> list[bytes]:
    """Send a last message, and return the bodies that come before it."""
    await send(client, destination, END)
    bodies: list[bytes] = []
    while (message := await subscription.next()).body != END:
        bodies.append(message.body)
    return bodies


async def what_is_left(scenario: Scenario, destination: str) -> list[bytes]:
    """Read a queue empty with a new connection."""
    async with scenario.connected() as client:
        subscription = await client.subscribe(destination, "auto")
        bodies = await until_end(client, destination, subscription)
        await subscription.unsubscribe()
    return bodies


async def echo(
    scenario: Scenario, body: bytes, headers: Mapping[str, str]
) -> tuple[bytes, Mapping[str, str]]:
    """Send a message to a topic and return what comes of it."""
    destination = scenario.destination("topic")
    async with scenario.connected() as client:
        subscription = await client.subscribe(destination, "auto")
        await client.send(destination, body, headers, None)
        message = await subscription.next()
        await subscription.unsubscribe()
    return message.body, message.headers


async def connect(scenario: Scenario) -> None:
    async with scenario.connected() as client:
        expect(client.version, scenario.place.version)


async def subscribe(scenario: Scenario) -> None:
    destination = scenario.destination("topic")
    async with scenario.connected() as client:
        subscription = await client.subscribe(destination, "auto")
        await send(client, destination, b"one", b"two")
        first, second = await subscription.next(), await subscription.next()
        expect((first.body, second.body), (b"one", b"two"))
        expect(first.headers["destination"], destination)
        await subscription.unsubscribe()


async def text(scenario: Scenario) -> None:
    body = "Příliš žluťoučký kůň 🐎\nend".encode()
    expect((await echo(scenario, body, {}))[0], body)


async def binary(scenario: Scenario) -> None:
    expect((await echo(scenario, scenario.binary, {}))[0], scenario.binary)


async def headers(scenario: Scenario) -> None:
    received = (await echo(scenario, b"x", scenario.headers))[1]
    expect({name: received.get(name) for name in scenario.headers}, dict(scenario.headers))


async def receipt(scenario: Scenario) -> None:
    destination = scenario.destination("queue")
    async with scenario.connected() as client:
        await client.send_and_wait(destination, b"one")
    expect(await what_is_left(scenario, destination), [b"one"])


async def settle_second(scenario: Scenario, mode: str) -> list[bytes]:
    """Take three messages, acknowledge the second if the mode asks for it; return what is left."""
    destination = scenario.destination("queue")
    async with scenario.connected() as client:
        subscription = await client.subscribe(destination, mode)
        await send(client, destination, b"one", b"two", b"three")
        taken = [await subscription.next() for _ in range(3)]
        expect([message.body for message in taken], [b"one", b"two", b"three"])
        if mode != "auto":
            await subscription.ack(taken[1])
        await subscription.unsubscribe()
    return await what_is_left(scenario, destination)


async def auto(scenario: Scenario) -> None:
    expect(await settle_second(scenario, "auto"), [])


async def client(scenario: Scenario) -> None:
    expect(await settle_second(scenario, "client"), [b"three"])


async def client_individual(scenario: Scenario) -> None:
    expect(await settle_second(scenario, "client-individual"), [b"one", b"three"])


async def nack(scenario: Scenario) -> None:
    destination = scenario.destination("queue")
    async with scenario.connected() as client:
        subscription = await client.subscribe(destination, "client-individual")
        await send(client, destination, b"one")
        await subscription.nack(await subscription.next())
        again = await subscription.next()
        expect((again.body, again.headers.get("redelivered")), (b"one", "true"))
        await subscription.ack(again)
        await subscription.unsubscribe()
    expect(await what_is_left(scenario, destination), [])


async def commit(scenario: Scenario) -> None:
    destination = scenario.destination("topic")
    async with scenario.connected() as client:
        subscription = await client.subscribe(destination, "auto")
        transaction = await client.begin()
        await client.send(destination, b"inside", {}, transaction)
        await send(client, destination, b"outside")
        expect((await subscription.next()).body, b"outside")
        await client.commit(transaction)
        expect((await subscription.next()).body, b"inside")
        await subscription.unsubscribe()


async def abort(scenario: Scenario) -> None:
    destination = scenario.destination("topic")
    async with scenario.connected() as client:
        subscription = await client.subscribe(destination, "auto")
        transaction = await client.begin()
        await client.send(destination, b"inside", {}, transaction)
        await client.abort(transaction)
        expect(await until_end(client, destination, subscription), [])
        await subscription.unsubscribe()


async def heart_beats(scenario: Scenario) -> None:
    async with scenario.connected(HEART_BEAT_MS) as client:
        expect(await client.is_alive_after(3.5 * HEART_BEAT_MS / 1000), True)
        await client.send_and_wait(scenario.destination("queue"), b"one")


async def error(scenario: Scenario) -> None:
    client = scenario.make()
    await client.connect(scenario.place, 0)
    await send(client, "/nowhere/at/all", b"one")
    expect(bool(await client.error()), True)


async def unsubscribe(scenario: Scenario) -> None:
    destination = scenario.destination("topic")
    async with scenario.connected() as client:
        ended = await client.subscribe(destination, "auto")
        await ended.unsubscribe()
        live = await client.subscribe(destination, "auto")
        expect(await until_end(client, destination, live), [])
        await live.unsubscribe()
        await client.send_and_wait(destination, b"one")


async def disconnect(scenario: Scenario) -> None:
    destination = scenario.destination("queue")
    async with scenario.connected() as client:
        await send(client, destination, b"one", b"two")
    expect(await what_is_left(scenario, destination), [b"one", b"two"])


STEPS: Mapping[str, Callable[[Scenario], Awaitable[None]]] = {
    step.__name__.replace("_", "-"): step
    for step in (
        connect, subscribe, text, binary, headers, receipt, auto, client, client_individual,
        nack, commit, abort, heart_beats, error, unsubscribe, disconnect,
    )
}  # fmt: skip


def expect(found: object, wanted: object) -> None:
    """Compare, and say both."""
    if found != wanted:
        raise AssertionError(f"{found!r}, not {wanted!r}")


async def run(scenario: Scenario, step: str) -> str | None:
    """Go through one step; return what went wrong, or None."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await STEPS[step](scenario)
    except Exception as problem:  # whatever a library raises is the answer
        return f"{type(problem).__name__}: {problem}"
    return None
