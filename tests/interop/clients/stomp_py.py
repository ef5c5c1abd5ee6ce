"""stomp.py, which calls back from a thread of its own, as the scenario wants a client."""

import asyncio
import itertools
from collections.abc import Mapping

import stomp
from stomp.adapter.ws import WSStompConnection
from stomp.utils import Frame

from tests.interop.clients.base import Message, Place

_CONNECTIONS = {
    "1.0": stomp.StompConnection10,
    "1.1": stomp.StompConnection11,
    "1.2": stomp.StompConnection12,
}


class _Listener(stomp.ConnectionListener):
    """Hands every frame to the event loop, in order."""

    def __init__(self, client: "StompPy") -> None:
        self._client = client
        self._loop = asyncio.get_running_loop()

    def on_connected(self, frame: Frame) -> None:
        self._call(self._client.connected.set_result, frame)

    def on_message(self, frame: Frame) -> None:
        self._call(self._client.take, frame)

    def on_receipt(self, frame: Frame) -> None:
        self._call(self._client.receipts.put_nowait, frame.headers["receipt-id"])

    def on_error(self, frame: Frame) -> None:
        self._call(self._client.errors.put_nowait, frame.headers["message"])

    def on_heartbeat(self) -> None:
        self._call(self._client.beats.append, True)

    def _call(self, take: object, value: object) -> None:
        self._loop.call_soon_threadsafe(take, value)


class StompPy:
    """One connection."""

    def __init__(self) -> None:
        self.version = ""
        self.connected: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        self.receipts: asyncio.Queue[str] = asyncio.Queue()
        self.errors: asyncio.Queue[str] = asyncio.Queue()
        self.beats: list[bool] = []
        self._subscriptions: dict[str, _Subscription] = {}
        self._ids = itertools.count()

    async def connect(self, place: Place, heart_beat_ms: int) -> None:
        options = {"auto_decode": False}
        if place.version != "1.0":
            options["heartbeats"] = (heart_beat_ms, heart_beat_ms)
        if place.transport == "websocket":
            self.connection = WSStompConnection(
                [(place.host, place.port)], ws_path="/stomp", binary_mode=True, **options
            )
        else:
            self.connection = _CONNECTIONS[place.version]([(place.host, place.port)], **options)
        self.connection.set_listener("", _Listener(self))
        await asyncio.to_thread(self.connection.connect, "guest", "guest", wait=False)
        self.version = (await self.connected).headers["version"]

    async def subscribe(self, destination: str, ack: str) -> "_Subscription":
        id = str(next(self._ids))
        subscription = self._subscriptions[id] = _Subscription(self, id)
        await asyncio.to_thread(self.connection.subscribe, destination, id, ack)
        return subscription

    def take(self, frame: Frame) -> None:
        self._subscriptions[frame.headers["subscription"]].messages.put_nowait(frame)

    async def send(
        self, destination: str, body: bytes, headers: Mapping[str, str], transaction: str | None
    ) -> None:
        more = {} if transaction is None else {"transaction": transaction}
        await asyncio.to_thread(self.connection.send, destination, body, headers={**headers, **more})

    async def send_and_wait(self, destination: str, body: bytes) -> None:
        await self.send(destination, body, {"receipt": "sent"}, None)
        assert await self.receipts.get() == "sent"

    async def begin(self) -> str:
        return str(await asyncio.to_thread(self.connection.begin))

    async def commit(self, transaction: str) -> None:
        await asyncio.to_thread(self.connection.commit, transaction)

    async def abort(self, transaction: str) -> None:
        await asyncio.to_thread(self.connection.abort, transaction)

    async def error(self) -> str:
        return await self.errors.get()

    async def is_alive_after(self, seconds: float) -> bool:
        await asyncio.sleep(seconds)
        return len(self.beats) >= 2 and self.connection.is_connected()

    async def disconnect(self) -> None:
        await asyncio.to_thread(self.connection.disconnect, "bye")
        assert await self.receipts.get() == "bye"


class _Subscription:
    def __init__(self, client: StompPy, id: str) -> None:
        self.messages: asyncio.Queue[Frame] = asyncio.Queue()
        self._client = client
        self._id = id

    async def next(self) -> Message:
        frame = await self.messages.get()
        return Message(frame.body, frame.headers, frame)

    async def ack(self, message: Message) -> None:
        await asyncio.to_thread(self._client.connection.ack, *self._name(message))

    async def nack(self, message: Message) -> None:
        await asyncio.to_thread(self._client.connection.nack, *self._name(message))

    async def unsubscribe(self) -> None:
        await asyncio.to_thread(self._client.connection.unsubscribe, id=self._id)

    def _name(self, message: Message) -> tuple[str, ...]:
        version = self._client.version
        if version == "1.2":
            return (message.headers["ack"],)
        id = message.headers["message-id"]
        return (id,) if version == "1.0" else (id, self._id)
