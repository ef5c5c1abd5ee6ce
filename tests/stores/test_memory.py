"""The store that forgets all when it goes."""

from typing import Any

import pytest

from hoofbeat.stores.memory import MemoryStore
from tests.contracts.store import Asker, StoreContract


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def place(self) -> MemoryStore:
        return MemoryStore()

    def open(self, place: Any) -> Asker:
        return Asker(place)

    def break_off(self, asker: Asker, place: Any) -> None:
        pass
