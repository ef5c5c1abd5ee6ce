"""stompman, which calls back in tasks of its own, as the scenario wants a client."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import cast

import stompman
from stompman.connection import Connection
from stompman.connection_ws import WebSocketConnection

from tests.interop.clients.base import Message, Place


class Stompman:
    """One connection. It speaks STOMP 1.2."""

    version = stompman.Client.PROTOCOL_VERSION  # it gives up where CONNECTED says anything else

    def __init__(self) -> None:
        self._errors: asyncio.Queue[str] = asyncio.Queue()
        self._transactions: dict[str, stompman.Transaction] = {}

    async def connect(self, place: Place, heart_beat_ms: int) -> None:
        is_web = place.transport == "websocket"
        server = stompman.ConnectionParameters(
            place.host, place.port, "guest", "guest", ws_uri_path="/stomp" if is_web else None
        )
        self._client = stompman.Client(
            [server],
            on_error_frame=lambda frame: self._errors.put_nowait(frame.headers["message"]),
            heartbeat=stompman.Heartbeat(heart_beat_ms, heart_beat_ms),
            connection_class=WebSocketConnection if is_web else Connection,
            connect_retry_attempts=1,
        )
        await self._client.__aenter__()

    async def subscribe(self, destination: str, ack: str) -> "_Subscription":
        subscription = _Subscription()
        mode = cast("stompman.AckMode", ack)
        if ack == "auto":
            subscription.live = await self._client.subscribe(
                destination, subscription.take, ack=mode, on_suppressed_exception=print
            )
        else:
            subscription.live = await self._client.subscribe_with_manual_ack(
                destination, subscription.take, ack=mode
            )
        return subscription

    async def send(
        self, destination: str, body: bytes, headers: Mapping[str, str], transaction: str | None
    ) -> None:
        sender = self._client if transaction is None else self._transactions[transaction]
        await sender.send(body, destination, headers=dict(headers))

    async def send_and_wait(self, destination: str, body: bytes) -> None:
        await self._client.send(body, destination, receipt_timeout=5)

    async def begin(self) -> str:
        self._context = self._client.begin()
        transaction = await self._context.__aenter__()
        self._transactions[transaction.id] = transaction
        return transaction.id

    async def commit(self, transaction: str) -> None:
        await self._context.__aexit__(None, None, None)

    async def abort(self, transaction: str) -> None:
        problem = RuntimeError("abort")
        with suppress(RuntimeError):
            await self._context.__aexit__(RuntimeError, problem, None)

    async def error(self) -> str:
        return await self._errors.get()

    async def is_alive_after(self, seconds: float) -> bool:
        await asyncio.sleep(seconds)
        return self._client.is_alive()

    async def disconnect(self) -> None:
        await self._client.__aexit__(None, None, None)


class _Subscription:
    live: stompman.AutoAckSubscription | stompman.ManualAckSubscription

    def __init__(self) -> None:
        self._messages: asyncio.Queue[stompman.MessageFrame] = asyncio.Queue()

    async def take(self, frame: stompman.MessageFrame) -> None:
        self._messages.put_nowait(frame)

    async def next(self) -> Message:
        frame = await self._messages.get()
        return Message(frame.body, cast("Mapping[str, str]", frame.headers), frame)

    async def ack(self, message: Message) -> None:
        await cast("stompman.AckableMessageFrame", message.raw).ack()

    async def nack(self, message: Message) -> None:
        await cast("stompman.AckableMessageFrame", message.raw).nack()

    async def unsubscribe(self) -> None:
        await self.live.unsubscribe()
