"""Where the parts are put together: the only file that knows every class."""

import asyncio
import secrets
import sys
import time
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypedDict

from hoofbeat.broker.access import Access, AllowAll
from hoofbeat.broker.broker import Broker
from hoofbeat.broker.core import Report, keep_quiet
from hoofbeat.broker.message import Numbers
from hoofbeat.broker.stats import Stats
from hoofbeat.broker.time import Clock, Now
from hoofbeat.broker.users import AnyLogin, Authenticator
from hoofbeat.config import BrokerConfig, ServerConfig
from hoofbeat.engines.local.engine import LocalEngine
from hoofbeat.server.control import Control
from hoofbeat.server.ending import end_at_once
from hoofbeat.server.errors import Errors
from hoofbeat.server.memory_mark import MemoryMark
from hoofbeat.server.passwords import PasswordFile
from hoofbeat.server.rules import Rules
from hoofbeat.server.server import Server
from hoofbeat.server.turns import Turns, read_clocks
from hoofbeat.stores.base import Store
from hoofbeat.stores.sqlite import SqliteStore
from hoofbeat.stores.sqlite.meter import Progress, pay_no_heed

_PASSWORD_THREADS = 2  # argon2 takes a core and 64 MiB for as long as it runs
_DEFAULT_CONFIG = BrokerConfig()
_NO_TIME = Now(0.0, 0)


class _Shared(TypedDict):
    """What a broker and its engine share."""

    access: Access
    clock: Clock
    stats: Stats
    numbers: Numbers


def make_broker(
    config: BrokerConfig = _DEFAULT_CONFIG,
    *,
    authenticator: Authenticator | None = None,
    access: Access | None = None,
    new_id: Callable[[], str] = lambda: secrets.token_hex(8),
    epoch: str | None = None,
    wake: Callable[[], None] = lambda: None,
    per_user: int = 50,
    report: Report = keep_quiet,
    store: Store | None = None,
    now: Now = _NO_TIME,
) -> Broker:
    """Make a broker without I/O of its own; without a store it keeps everything in memory.

    Args:
        config: what is allowed.
        authenticator: None takes any login at its word.
        access: None grants everything.
        new_id: makes names that nobody can guess.
        epoch: tells the message ids of this start from others; None takes the time.
        wake: called when something outside a read left bytes to flush.
        per_user: sessions at one time of one user who proved who it is.
        report: told of every ERROR that is sent.
        store: has what outlives the broker, and is recovered; it may raise StoreError then.
        now: the time.
    """
    shared = _Shared(access=access or AllowAll(), clock=Clock(now), stats=Stats(), numbers=Numbers())
    started = epoch or f"{time.time_ns() // 1_000_000:x}"
    return Broker(
        config,
        engine=LocalEngine(config, store=store, wake=wake, epoch=started, **shared),
        authenticator=authenticator or AnyLogin(),
        new_id=new_id,
        epoch=started,
        wake=wake,
        per_user=per_user,
        report=report,
        **shared,
    )


def make_server(
    config: ServerConfig,
    *,
    memory: MemoryMark | None = None,
    fatal: Callable[[str], None] = end_at_once,
    progress: Progress = pay_no_heed,
) -> Server:
    """Make a server on the running event loop; nothing is bound before its ``start``.

    What is kept in its folder for data is recovered here, which may take a while.

    Args:
        config: listeners, users, rules and limits.
        memory: how short memory is told from plenty; None for the usual share of what there is.
        fatal: called, on another thread, when data can't be kept any more; it must end the process.
        progress: told how many rows of how many are recovered.

    Raises:
        ConfigError: the users file or a rule can't be used.
        StoreError: the data can't be.
    """
    turns = Turns()
    store = _make_store(config, turns, fatal, progress)
    threads = ThreadPoolExecutor(_PASSWORD_THREADS, "passwords")  # none is started before it is needed
    broker = make_broker(
        config.broker,
        authenticator=_make_authenticator(config, threads),
        access=Rules(config.access),
        wake=turns.wake,
        per_user=config.limits.per_user,
        report=Errors(),
        store=store,
        now=read_clocks(),
    )
    control = _make_control(config, store, broker)
    return Server(config, broker, turns, memory=memory, control=control, release=partial(_let_go, threads))


def _make_authenticator(config: ServerConfig, threads: Executor) -> Authenticator:
    if not config.users_file:
        return AnyLogin()
    return PasswordFile(
        Path(config.users_file),
        threads,
        asyncio.get_running_loop(),
        failures_per_minute=config.limits.failed_logins_per_minute,
        allow_anonymous=config.allow_anonymous,
        allow_plaintext=config.allow_plaintext_passwords,
    )


def _make_store(
    config: ServerConfig, turns: Turns, fatal: Callable[[str], None], progress: Progress
) -> SqliteStore | None:
    if not config.data:
        return None
    give_up = partial(_give_up, fatal, config.data)
    return SqliteStore(Path(config.data), post=turns.post, fatal=give_up, progress=progress)


def _make_control(config: ServerConfig, store: SqliteStore | None, broker: Broker) -> Control | None:
    if store is None or sys.platform == "win32":  # where asyncio has no such sockets
        return None
    return Control(Path(config.data), store, broker.engine.durables)


def _give_up(fatal: Callable[[str], None], data: str, error: Exception) -> None:
    """Say what has to be known of a store that failed: nothing may be said to clients any more."""
    fatal(f"{data} can't be written: {error}; all that had its receipt is there at the next start")


def _let_go(threads: Executor) -> None:
    """Have threads end; what they are at is finished, and what waits for them is not begun."""
    threads.shutdown(wait=False, cancel_futures=True)
