"""Messages that a store holds and no broker can take up: the start says which, in one line."""

import pytest

from hoofbeat.errors import StoreError
from hoofbeat.stores.base import Put, Retain, StoredMessage
from hoofbeat.stores.memory import MemoryStore
from tests.conformance.wire import Wire

MESSAGE = StoredMessage(7, b"e-", "/topic/a", 4, 0, b"\ndestination:/topic/a", b"")
LOST = MESSAGE._replace(destination="nowhere")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (Retain("/topic/a", LOST), "Unknown destination 'nowhere'"),
        (Put(["/queue/a"], [LOST], 1), "Unknown destination 'nowhere'"),
        (Put(["schedule"], [LOST._replace(headers=b"\nx:0 0 0 0 ")], 1), "Unknown destination 'nowhere'"),
        (Put(["schedule"], [MESSAGE], 1), "its headers can't be read"),
        (Put(["schedule"], [MESSAGE._replace(headers=b"")], 1), "its headers can't be read"),
        (
            Put(["schedule"], [MESSAGE._replace(headers=b"\nx:0 0 0 0 \ny:\\t")], 1),
            "its headers can't be read",
        ),
    ],
)
def test_it_is_named(change: Put | Retain, why: str) -> None:
    store = MemoryStore()
    store.write([change], lambda refused: None)
    with pytest.raises(StoreError, match=f"message 7 can't be taken up: {why}"):
        Wire(store=store)
