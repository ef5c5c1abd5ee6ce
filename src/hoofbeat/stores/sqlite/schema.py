"""The tables, and how the file is opened: always whole, never half made."""

import secrets
import sqlite3
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from hoofbeat.errors import StoreError

FILE: Final = "hoofbeat.db"
LOG: Final = f"{FILE}-wal"
VERSION: Final = 1
CACHE_KIB: Final = 65_536
WAL_BYTES: Final = 64 * 1024 * 1024  # the log is cut to this once it was checkpointed

# One body for a message in several queues: `refs` counts entries of queues, retained values and histories.
# The key of `pending` is the order of delivery: rank is 9 - priority.
_TABLES: Final = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE queue (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE message (
    seq INTEGER PRIMARY KEY, prefix BLOB NOT NULL, destination TEXT NOT NULL, priority INTEGER NOT NULL,
    expires INTEGER NOT NULL, headers BLOB NOT NULL, body BLOB NOT NULL, refs INTEGER NOT NULL
) STRICT;
CREATE TABLE pending (
    queue INTEGER NOT NULL, rank INTEGER NOT NULL, seq INTEGER NOT NULL, size INTEGER NOT NULL,
    deliveries INTEGER NOT NULL, visible_at INTEGER NOT NULL, transient INTEGER NOT NULL,
    PRIMARY KEY (queue, rank, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX delayed ON pending (visible_at) WHERE visible_at > 0;
CREATE INDEX transient ON pending (queue) WHERE transient > 0;
CREATE TABLE durable_subscription (
    name TEXT PRIMARY KEY, destination TEXT NOT NULL, selector TEXT NOT NULL, owner TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE retained (topic TEXT PRIMARY KEY, seq INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE topic (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, next INTEGER NOT NULL) STRICT;
CREATE TABLE history (
    topic INTEGER NOT NULL, offset INTEGER NOT NULL, sent INTEGER NOT NULL, seq INTEGER NOT NULL,
    PRIMARY KEY (topic, offset)
) STRICT, WITHOUT ROWID;
CREATE TABLE sent (
    destination TEXT NOT NULL, id TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (destination, id)
) STRICT, WITHOUT ROWID;
"""


def connect(path: Path) -> sqlite3.Connection:
    """Open the file, or create it; what is refused is left as it was.

    Raises:
        StoreError: it can't be opened, is of another format, or is none of ours.
    """
    with ExitStack() as stack:
        try:
            connection = sqlite3.connect(path, timeout=0.0, isolation_level=None, check_same_thread=False)
            stack.callback(connection.close)
            connection.execute(
                "PRAGMA locking_mode = EXCLUSIVE"
            ).fetchall()  # its index needs no shared memory
            is_new = _check(connection, path)
            _set_up(connection)
            if is_new:
                _create(connection)
        except sqlite3.Error as error:
            raise StoreError(f"{path}: {error}; is another process at it, or is it no store?") from error
        stack.pop_all()
    return connection


def _set_up(connection: sqlite3.Connection) -> None:
    for name, value in (
        ("journal_mode", "WAL"),
        ("synchronous", "FULL"),
        ("wal_autocheckpoint", 0),  # the writer does it, and looks at what becomes of it
        ("cache_size", -CACHE_KIB),
        ("journal_size_limit", WAL_BYTES),
        ("temp_store", "MEMORY"),
        ("secure_delete", "OFF"),  # Debian's default overwrites what goes, for which a full disk has no room
    ):
        connection.execute(f"PRAGMA {name} = {value}").fetchall()


def _check(connection: sqlite3.Connection, path: Path) -> bool:
    """See that a file is ours, without changing it; say whether it is empty."""
    if not connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone():
        return True
    is_ours = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'meta'").fetchone()
    version = get(connection, "schema_version") if is_ours else None
    if version is None:
        raise StoreError(f"{path} is a database, and none of ours: name another directory")
    if version != VERSION:
        raise StoreError(
            f"{path} is of format {version}, and this Hoofbeat knows format {VERSION}: "
            "use the Hoofbeat that wrote it, or export with that and import with this"
        )
    return False


def _create(connection: sqlite3.Connection) -> None:
    """Make all tables at once, or none."""
    epoch = f"{time.time_ns() // 1_000_000:x}{secrets.token_hex(2)}"
    connection.execute("BEGIN IMMEDIATE")
    for statement in _TABLES.split(";")[:-1]:
        connection.execute(statement)
    meta = [("schema_version", VERSION), ("epoch", epoch), ("is_clean", 1), ("next_number", 1)]
    connection.executemany("INSERT INTO meta VALUES (?, ?)", meta)
    connection.execute("COMMIT")


def get(connection: sqlite3.Connection, name: str) -> object:
    """Return what is noted about the store under a name."""
    found = connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
    return found[0] if found else None


def note(connection: sqlite3.Connection, name: str, value: object) -> None:
    """Note something about the store."""
    connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))
