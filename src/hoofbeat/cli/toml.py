"""The configuration in force, written as TOML that can be read again."""

from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass
from typing import Any

from hoofbeat.cli import schema
from hoofbeat.cli.schema import Path, dotted, quoted
from hoofbeat.cli.settings import Settings


def write(settings: Settings) -> str:
    """Write every setting; what is not a default says where it came from."""
    return "\n".join(_table(settings.config, (), settings.sources)).strip() + "\n"


def value(value: Any) -> str:
    """Write one value."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, tuple):
        return f"[{', '.join(map(_inline, value))}]"
    return str(value)


def _inline(item: Any) -> str:
    if not is_dataclass(item):
        return value(item)
    pairs = (f"{name} = {value(getattr(item, name))}" for name in schema.hints_of(item))
    return f"{{{', '.join(pairs)}}}"


def _table(group: Any, path: Path, sources: Mapping[Path, str]) -> Iterator[str]:
    """Write the settings of one dataclass: the plain ones first, as TOML wants it."""
    tables: list[tuple[Path, Any]] = []
    if path:
        yield f"\n[{dotted(path)}]{_origin(path, sources)}"
    for name in schema.hints_of(group):
        item, here = getattr(group, name), (*path, name)
        if is_dataclass(item):
            tables.append((here, item))
        elif isinstance(item, Mapping):
            tables.extend(((*here, key), entry) for key, entry in item.items())
        elif isinstance(item, tuple) and any(map(is_dataclass, item)):
            yield f"{name} = [{_origin(here, sources)}"
            yield from (f"    {_inline(entry)}," for entry in item)
            yield "]"
        else:
            yield f"{name} = {value(item)}{_origin(here, sources)}"
    for here, item in tables:
        yield from _table(item, here, sources)


def _origin(path: Path, sources: Mapping[Path, str]) -> str:
    return f"  # {sources[path]}" if path in sources else ""
