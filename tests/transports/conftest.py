"""Transports are tested on both event loops: they differ in how they close, pause and coalesce."""

import asyncio
import importlib
from collections.abc import Callable, Mapping

import pytest

from tests.needs import is_ci, why_not


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run each test of this folder on every loop there is; in CI there must be both."""
    if why_not("uvloop") and not is_ci():
        return {"asyncio": asyncio.new_event_loop}
    return {"asyncio": asyncio.new_event_loop, "uvloop": importlib.import_module("uvloop").new_event_loop}
