"""What can be configured, read off the dataclasses: names, types, defaults, documentation."""

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import StrEnum
from inspect import getdoc
from typing import Any, NamedTuple, get_args, get_origin, get_type_hints

Path = tuple[str, ...]

PREFIX = "HOOFBEAT_"
ANY_KEY = "…"  # stands in a path for the keys that the user chooses, such as patterns


class Setting(NamedTuple):
    """One thing that can be configured.

    Attributes:
        path: names from the root down.
        type: its annotation.
        default: what holds without configuration; None where it must be said.
        doc: what it is, as the class says.
    """

    path: Path
    type: Any
    default: object
    doc: str


def is_group(hint: Any) -> bool:
    """Say whether a type is a dataclass: settings of its own."""
    return isinstance(hint, type) and is_dataclass(hint)


def table_of(hint: Any) -> Any:
    """Return the dataclass of a mapping from names to dataclasses, else None."""
    return get_args(hint)[1] if get_origin(hint) is Mapping else None


def list_of(hint: Any) -> Any:
    """Return what a tuple holds, else None."""
    return get_args(hint)[0] if get_origin(hint) is tuple else None


def hints_of(group: Any) -> dict[str, Any]:
    """Return the settings of a dataclass and their types, in order."""
    hints = get_type_hints(group)
    return {item.name: hints[item.name] for item in fields(group)}


def default_of(item: "Field[Any]") -> object:
    """Return the default of a field, or None where it has none."""
    if item.default is not MISSING:
        return item.default
    return item.default_factory() if item.default_factory is not MISSING else None


def docs_of(group: Any) -> dict[str, str]:
    """Return what the docstring of a dataclass says of each attribute, on one line each."""
    docs: dict[str, str] = {}
    name = ""
    _, _, attributes = (getdoc(group) or "").partition("Attributes:\n")
    for line in attributes.splitlines():
        if line.startswith("        "):
            docs[name] += " " + line.strip()
        elif line.strip():
            name, _, text = line.strip().partition(": ")
            docs[name] = text
    return docs


def settings(group: Any, path: Path = ()) -> Iterator[Setting]:
    """Go through every setting under ``group``, groups before what they hold."""
    hints, docs = hints_of(group), docs_of(group)
    for item in fields(group):
        here = (*path, item.name)
        hint = hints[item.name]
        yield Setting(here, hint, default_of(item), docs.get(item.name, ""))
        inner = hint if is_group(hint) else table_of(hint) or list_of(hint)
        if is_group(inner):
            yield from settings(inner, here if is_group(hint) else (*here, ANY_KEY))


def type_name(hint: Any) -> str:
    """Say in words what a setting takes."""
    if (inner := table_of(hint)) is not None:
        return f"a table of {inner.__name__}"
    if (inner := list_of(hint)) is not None:
        return f"a list of {inner.__name__ if is_group(inner) else 'texts'}"
    if is_group(hint):
        return str(hint.__name__)
    if issubclass(hint, StrEnum):
        return "one of " + ", ".join(hint)
    return {bool: "true or false", int: "a whole number", float: "a number", str: "text"}[hint]


def dotted(path: Path) -> str:
    """Write a path as a TOML key."""
    return ".".join(name if _is_bare(name) else quoted(name) for name in path)


def variable(path: Path) -> str:
    """Return the name of the environment variable of a setting."""
    return PREFIX + "__".join(path).upper()


def quoted(text: str) -> str:
    """Write a text as a basic string of TOML."""
    parts = []
    for char in text:
        if char in '"\\':
            parts.append("\\" + char)
        elif char < " " or char == "\x7f":
            parts.append(f"\\u{ord(char):04x}")
        else:
            parts.append(char)
    return f'"{"".join(parts)}"'


def _is_bare(name: str) -> bool:
    return name.isascii() and name.replace("_", "").replace("-", "").isalnum()
