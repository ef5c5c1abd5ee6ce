"""Client, transport, version, step: what there is to test, read from ``matrix.json``.

The one place that says what is not there, and why: a step that a version of STOMP does not have
("absent"), a header that a library can't write ("unsayable"), octets that it can't ("text_only").
No fault of ours is listed.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

_MATRIX = json.loads((Path(__file__).parent / "matrix.json").read_text(encoding="utf-8"))

STEPS: tuple[str, ...] = tuple(_MATRIX["steps"])


class Row(NamedTuple):
    """One line of the table."""

    client: str
    language: str
    transport: str
    version: str

    def __str__(self) -> str:
        return f"{self.client} {self.version} {self.transport}"


ROWS = tuple(
    Row(client["name"], client["language"], transport, version)
    for client in _MATRIX["clients"]
    for transport in ("tcp", "websocket")
    for version in client[transport]
)


def steps_of(version: str) -> tuple[str, ...]:
    """Return the steps that a version of STOMP has."""
    return tuple(step for step in STEPS if step not in _MATRIX["versions"][version]["absent"])


def headers_of(client: str, version: str) -> Mapping[str, str]:
    """Return the awkward headers that the version can express and the client can write."""
    unsayable = {
        name
        for entry in _MATRIX["unsayable"]
        if entry["client"] == client and version in entry["versions"]
        for name in entry["headers"]
    }
    headers: dict[str, str] = _MATRIX["versions"][version]["headers"]
    return {name: value for name, value in headers.items() if name not in unsayable}


def sends_octets(client: str, transport: str) -> bool:
    """Say whether the client can send a body that is not UTF-8."""
    return all((entry["client"], entry["transport"]) != (client, transport) for entry in _MATRIX["text_only"])


def reasons() -> list[str]:
    """Say what the table leaves out, and why."""
    absent = [
        f"{step} in {version}: {reason}"
        for version, entry in _MATRIX["versions"].items()
        for step, reason in entry["absent"].items()
    ]
    unsayable = [
        f"{', '.join(entry['headers'])} by {entry['client']} in {entry['versions'][0]}: {entry['reason']}"
        for entry in _MATRIX["unsayable"]
    ]
    octets = [
        f"binary by {entry['client']} over {entry['transport']}: {entry['reason']}"
        for entry in _MATRIX["text_only"]
    ]
    return absent + unsayable + octets
