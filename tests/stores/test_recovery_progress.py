"""While a store recovers it tells how far it is."""

from pathlib import Path
from queue import SimpleQueue

import pytest

from hoofbeat.stores.base import Mark, Put, Remember, Waiting
from hoofbeat.stores.sqlite import SqliteStore, meter, reading
from tests.contracts.store import HEADERS, ONE, Asker, keys, message, put
from tests.stores.test_sqlite import opened, stop


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store of ten rows to recover, and steps of two."""
    for module in (meter, reading):
        monkeypatch.setattr(module, "STEP", 2)
    asker = opened(tmp_path)
    asker.store.recover()
    asker.write(
        put(1, 2, 3),
        put(1_000_000, priority=9),
        Put(["/queue/b"], [message(4)], 1_900_000_000_000),
        Put(["/queue/b"], [message(5), message(6)], is_transient=True),
        Mark("/queue/a", keys(2), [7]),
        Remember("/queue/a", ["order 1", "order 2", "order 3"], [1, 2, 3]),
    )
    asker.store.close()
    return tmp_path


def test_rows_are_counted_up_to_all_of_them(data: Path) -> None:
    told: list[tuple[int, int]] = []
    store = SqliteStore(data, post=lambda call: None, fatal=stop, progress=lambda *far: told.append(far))
    store.recover()
    store.close()
    assert {total for _, total in told} == {10}
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[0] == (2, 10)  # what is forgotten first
    assert told[-1] == (10, 10)
    assert len(set(told)) > 5


def test_what_is_counted_in_pieces_is_all_that_waits(data: Path) -> None:
    asker = Asker(SqliteStore(data, post=(answers := SimpleQueue()).put, fatal=stop), answers)
    assert asker.store.recover().waiting == [
        Waiting("/queue/a", 9, 1, len(HEADERS) + 7, 1_000_000),
        Waiting("/queue/a", 4, 3, 3 * ONE, 3),
    ]
    asker.store.close()
