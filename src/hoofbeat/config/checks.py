"""What several settings are checked for."""

from collections.abc import Iterable
from math import isfinite
from typing import Final

from hoofbeat.errors import ConfigError

DESTINATION_BYTES: Final = 1024
# Wildcards and rules are matched word by word; 32 words against 256 hostile patterns take 0.1 ms.
DESTINATION_WORDS: Final = 32


def too_long(destination: str) -> str:
    """Say why a destination is too long to be one; empty if it is not."""
    if len(destination.encode()) > DESTINATION_BYTES:
        return f"name over {DESTINATION_BYTES} bytes"
    if destination.count("/") + destination.count(".") > DESTINATION_WORDS:
        return f"name over {DESTINATION_WORDS} words"
    return ""


def at_least(least: float, **values: float) -> None:
    """Refuse settings, given by name, that are below ``least``, or no number at all."""
    for name, value in values.items():
        if not isfinite(value) or value < least:
            raise ConfigError(f"{name} must be at least {least:g}, not {value:g}")


def above_zero(**values: float) -> None:
    """Refuse settings, given by name, that are 0 or below, or no number at all."""
    for name, value in values.items():
        if not isfinite(value) or value <= 0:
            raise ConfigError(f"{name} must be above 0, not {value:g}")


def check_patterns(name: str, patterns: Iterable[str], *kinds: str) -> None:
    """Refuse patterns that could match nothing of their kind; the broker says how long they may be."""
    for pattern in patterns:
        slash, _, rest = pattern.partition("/")
        if slash or rest.partition("/")[0] not in (*kinds, "*", "**"):
            known = " or ".join(f"/{kind}/" for kind in kinds)
            raise ConfigError(f"{name} must be by patterns that begin with {known}, not {pattern!r}")
