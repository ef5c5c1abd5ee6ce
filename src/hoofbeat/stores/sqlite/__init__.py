"""Records in one SQLite file, written by one thread."""

from hoofbeat.stores.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]
