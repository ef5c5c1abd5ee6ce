"""Ids that senders choose."""

from typing import Final

from hoofbeat.errors import Refused

_MOST_LETTERS: Final = 256


def checked_id(name: str, id: str | None) -> str:
    """Return the id that stands in a header of that name; empty without one.

    Raises:
        Refused: it is too long.
    """
    if id is not None and len(id) > _MOST_LETTERS:
        raise Refused(f"{name} of more than {_MOST_LETTERS} letters")
    return id or ""
