"""Which Hoofbeat this is: its version, and on what it runs."""

import importlib.util
import platform
from importlib import metadata
from importlib.machinery import EXTENSION_SUFFIXES

from hoofbeat import __version__

_OF_THE_CORE = "hoofbeat.protocol.frames"  # compiled with all the others, or not


def describe() -> str:
    """Return version, core, event loop and Python, on one line; nothing of it is imported for that."""
    core = "compiled core" if is_compiled(_origin(_OF_THE_CORE)) else "plain Python"
    loop = f"uvloop {metadata.version('uvloop')}" if _origin("uvloop") else "asyncio"
    return f"hoofbeat {__version__} ({core}, {loop}, Python {platform.python_version()})"


def is_compiled(file: str) -> bool:
    """Say whether a module comes from an extension."""
    return file.endswith(tuple(EXTENSION_SUFFIXES))


def _origin(module: str) -> str:
    """Say where a module would be imported from; nothing where there is none."""
    found = importlib.util.find_spec(module)
    return found.origin or "" if found is not None else ""
