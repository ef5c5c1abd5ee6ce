"""What every test of the broker's behaviour starts from."""

import pytest

from tests.conformance.wire import Wire


@pytest.fixture
def wire() -> Wire:
    """A broker in memory that nobody is connected to."""
    return Wire()
