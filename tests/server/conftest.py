"""What meets the network is tested on both event loops; the rest on asyncio's."""

import asyncio
from collections.abc import Callable, Mapping

import pytest

from tests.transports import conftest

_ON_THE_NETWORK = {"test_http.py", "test_listeners.py", "test_server.py", "test_turns.py"}


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Choose the loops of a test by its file."""
    if item.path.name in _ON_THE_NETWORK:
        return conftest.pytest_asyncio_loop_factories(config, item)
    return {"asyncio": asyncio.new_event_loop}
