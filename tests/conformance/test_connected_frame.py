"""STOMP 1.2, "CONNECTED Frame": what the answer to CONNECT says."""

import re

from tests.conformance.wire import Heard, Wire, connect_frame, every_version, since_1_1


def _connected(wire: Wire, version: str) -> Heard:
    client = wire.open()
    client.send(connect_frame(version))
    return client.frame()


@every_version
def test_connected_names_the_version_of_the_session(wire: Wire, version: str) -> None:
    """STOMP 1.2, "CONNECTED Frame"."""
    assert _connected(wire, version).header("version") == version


@since_1_1
def test_connected_carries_heart_beat(wire: Wire, version: str) -> None:
    """STOMP 1.2, "CONNECTED Frame"."""
    assert _connected(wire, version).header("heart-beat")


@every_version
def test_connected_carries_a_session_id_of_its_own(wire: Wire, version: str) -> None:
    """STOMP 1.2, "CONNECTED Frame". One client builds receipts from it, so it holds no colon."""
    ids = [_connected(wire, version).header("session") for _ in range(50)]
    assert len(set(ids)) == 50
    assert all(":" not in text and text for text in ids)


@since_1_1
def test_the_server_header_is_a_name_with_a_version(wire: Wire, version: str) -> None:
    """STOMP 1.2, "CONNECTED Frame"."""
    assert re.fullmatch(r"[^\s/]+(/[^\s/]+)?( .+)*", _connected(wire, version).header("server"))
