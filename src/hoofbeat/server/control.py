"""The control socket: what ``hoofbeat store`` asks of a broker that has the store open.

One question a connection, a line of JSON: ``{"do": "count"}``, ``{"do": "forget", "name": …}``, or
``{"do": "backup", "file": …, "is_forced": …}``. The answers are lines of JSON, too: ``{"counts": […]}``
or ``{"far": [pages, of]}`` as often as need be, then ``{"done": …}`` or ``{"error": …}``.
"""

import asyncio
import json
import logging
import os
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

from hoofbeat.broker.engine import DurableSubscriptions
from hoofbeat.errors import StoreError
from hoofbeat.stores.sqlite.backup import Backup
from hoofbeat.stores.sqlite.counting import Count, Walk
from hoofbeat.stores.sqlite.offline import no_durable

NAME: Final = "hoofbeat.sock"
CONNECTIONS: Final = 8
QUESTION_BYTES: Final = 32 * 1024  # a path of 4 KiB, all of it escaped
QUESTION_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 60.0  # that somebody may leave answers unread
_DURABLES: Final = 500  # counted before others have their turn: about a millisecond
_TELL_SECONDS: Final = 0.2
_NAME_BYTES: Final = 103  # of a socket; Linux takes four more

logger = logging.getLogger("hoofbeat.server")

Answer = TypeVar("Answer")
Question = dict[str, Any]


class Administered(Protocol):
    """A store at work, as far as its administration goes."""

    def count(self, walk: Walk, done: Callable[[Sequence[Count] | StoreError], None]) -> None:
        """Give what is in the next piece of a walk; nothing after the last one."""

    def copy(self, backup: Backup, done: Callable[[StoreError | None], None]) -> None:
        """Have the file of a backup written, between commits."""


class Control:
    """Answers on a socket in the directory of a store, which only its owner may use."""

    def __init__(self, directory: Path, store: Administered, durables: DurableSubscriptions) -> None:
        """Answer for ``store``, which has ``directory`` open; nothing is bound before :meth:`open`."""
        self._directory = directory
        self._store = store
        self._durables = durables
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Bind the socket; a broker can do without, so that is a warning where it can't be."""
        path = self._directory / NAME
        try:
            bound = _bind(path)
        except OSError as error:
            reason = os.strerror(error.errno).lower() if error.errno else str(error)
            logger.warning("! hoofbeat store can't ask this broker: no socket at %s: %s", path, reason)
        else:
            self._server = await asyncio.start_unix_server(self._welcome, sock=bound, limit=QUESTION_BYTES)

    async def close(self) -> None:
        """Answer nobody any more; who waits for an answer is told."""
        if self._server is not None:
            self._server.close()
            (self._directory / NAME).unlink(missing_ok=True)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = _Peer(writer)
        if len(self._tasks) >= CONNECTIONS:
            peer.end(error="the broker is being asked too much at once: try again")
            return
        task = asyncio.create_task(self._serve(reader, peer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, peer: "_Peer") -> None:
        try:
            question = await _read(reader)
            peer.end(done=await self._do(question, peer))
        except StoreError as error:
            peer.end(error=str(error))
        except OSError:
            peer.abort()  # it is gone, or does not read, or asks nothing
        except asyncio.CancelledError:
            peer.end(error="the broker is stopping: try again when it has")
            raise

    async def _do(self, question: Question, peer: "_Peer") -> object:
        match question:
            case {"do": "count"}:
                await self._count(peer)
                return None
            case {"do": "forget", "name": str(name)}:
                await self._forget(name)
                return None
            case {"do": "backup", "file": str(file), "is_forced": bool(is_forced)} if os.path.isabs(file):
                return await self._back_up(Backup(self._directory, Path(file), is_forced=is_forced), peer)
        raise StoreError("the broker does not know what is asked of it: use the same version of Hoofbeat")

    async def _count(self, peer: "_Peer") -> None:
        walk = Walk()
        while piece := await _answer(partial(self._store.count, walk)):
            if isinstance(piece, StoreError):
                raise piece
            await peer.tell(counts=piece)
        listing = self._durables.listing()
        while listed := list(islice(listing, _DURABLES)):
            await peer.tell(counts=[{"kind": "durable", **each._asdict()} for each in listed])
            await asyncio.sleep(0)

    async def _forget(self, name: str) -> None:
        if name not in self._durables:
            raise no_durable(name)
        refused = await _answer(partial(self._durables.delete, name))
        if refused is not None:
            raise StoreError(": ".join(filter(None, (refused.summary, refused.detail))))

    async def _back_up(self, backup: Backup, peer: "_Peer") -> int:
        await asyncio.to_thread(backup.prepare)
        copying = asyncio.ensure_future(_answer(partial(self._store.copy, backup)))
        try:
            while not copying.done():
                await asyncio.wait((copying,), timeout=_TELL_SECONDS)
                await peer.tell(far=backup.far)
        except BaseException:
            backup.cancel()
            copying.cancel()
            backup.discard()
            raise
        if outcome := copying.result():
            raise outcome
        return await asyncio.to_thread(backup.finish)


class _Peer:
    """Who asked."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer

    async def tell(self, **answer: object) -> None:
        """Send an answer, once most of those before it were read."""
        self._write(answer)
        async with asyncio.timeout(ANSWER_SECONDS):
            await self._writer.drain()

    def end(self, **answer: object) -> None:
        """Send the last answer."""
        self._write(answer)
        self._writer.close()

    def abort(self) -> None:
        """Send nothing more."""
        self._writer.transport.abort()

    def _write(self, answer: object) -> None:
        self._writer.write(json.dumps(answer).encode() + b"\n")


@contextmanager
def short_name(path: Path) -> Iterator[str]:
    """Give a name of a socket that is short enough for one: Linux has one for each open directory."""
    name = os.fspath(path)
    if len(os.fsencode(name)) <= _NAME_BYTES or sys.platform != "linux":
        yield name
        return
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        yield f"/proc/self/fd/{directory}/{path.name}"
    finally:
        os.close(directory)


def _bind(path: Path) -> socket.socket:
    """Return a socket that does not listen yet: before it does it is its owner's alone."""
    bound = socket.socket(socket.AF_UNIX)
    try:
        path.unlink(missing_ok=True)  # left by a broker that was killed: we have the directory to ourselves
        with short_name(path) as name:
            bound.bind(name)
        path.chmod(0o600)
        bound.setblocking(False)
    except BaseException:
        bound.close()
        raise
    return bound


async def _read(reader: asyncio.StreamReader) -> Question:
    """Read the question."""
    try:
        async with asyncio.timeout(QUESTION_SECONDS):
            question = json.loads(await reader.readuntil())
    except asyncio.IncompleteReadError as error:
        raise ConnectionResetError from error
    except (ValueError, asyncio.LimitOverrunError):
        question = None
    return question if isinstance(question, dict) else {}


async def _answer(ask: Callable[[Callable[[Answer], None]], None]) -> Answer:
    """Wait for what is answered, on this loop."""
    answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

    def done(answer: Answer) -> None:
        with suppress(asyncio.InvalidStateError):  # nobody waits any more
            answered.set_result(answer)

    ask(done)
    return await answered
