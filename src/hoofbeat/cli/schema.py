"""What can be configured, read off the dataclasses: names, types, defaults, documentation."""

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import StrEnum
from inspect import getdoc
from typing import Any, get_args, get_origin, get_type_hints

Path = tuple[str, ...]

PREFIX = "HOOFBEAT_"


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
    hints = get_type_hints(group if isinstance(group, type) else type(group))  # inherited ones too
    return {item.name: hints[item.name] for item in fields(group)}


def defaults_of(group: Any) -> dict[str, object]:
    """Return what holds without configuration; what has to be said is missing."""
    defaults: dict[str, object] = {}
    for item in fields(group):
        if item.default is not MISSING:
            defaults[item.name] = item.default
        elif item.default_factory is not MISSING:
            defaults[item.name] = item.default_factory()
    return defaults


def intro_of(group: Any) -> str:
    """Return what the docstring of a dataclass says before its attributes."""
    return (getdoc(group) or "").partition("Attributes:\n")[0].strip()


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


def paths(group: Any, path: Path = ()) -> Iterator[Path]:
    """Go through every setting under ``group``; what stands in lists and tables is left out."""
    for name, hint in hints_of(group).items():
        yield (*path, name)
        if is_group(hint):
            yield from paths(hint, (*path, name))


def type_name(hint: Any) -> str:
    """Say in words what a setting takes."""
    if table_of(hint) is not None:
        return "tables by pattern"
    if (inner := list_of(hint)) is not None:
        return f"a list of {'tables' if is_group(inner) else 'texts'}"
    if is_group(hint):
        return "a table"
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
