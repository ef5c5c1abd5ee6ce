"""From start to SIGTERM: a server on the best event loop there is."""

import asyncio
import gc
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress

from hoofbeat.server.server import Server

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_GARBAGE_THRESHOLDS = (50_000, 20, 100)  # allocations between collections; reference counts free the rest


def run(make: Callable[[], Server], ready: Callable[[Sequence[str]], None]) -> None:
    """Serve until a signal comes, then drain; a second signal ends it at once.

    Args:
        make: makes the server, on its loop.
        ready: told where the server can be reached, once it can be.

    Raises:
        ConfigError: an address can't be bound, or a certificate can't be read.
    """
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(serve(make, ready))


async def serve(make: Callable[[], Server], ready: Callable[[Sequence[str]], None]) -> None:
    """Serve on the running loop; see :func:`run`."""
    server = make()
    stops: asyncio.Queue[None] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        with suppress(NotImplementedError):  # Windows: Ctrl+C raises KeyboardInterrupt instead
            loop.add_signal_handler(number, stops.put_nowait, None)
    await server.start()
    _settle_garbage()
    ready(server.urls)
    await stops.get()
    async with asyncio.TaskGroup() as tasks:
        draining = tasks.create_task(server.drain())
        again = tasks.create_task(stops.get())
        await asyncio.wait((draining, again), return_when=asyncio.FIRST_COMPLETED)
        again.cancel()
        draining.cancel()  # too late for one that is done
    await server.abort()  # what a drain that was cut short left


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def _settle_garbage() -> None:
    """What exists now stays, so the collector need not look at it; and it need not look so often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GARBAGE_THRESHOLDS)
