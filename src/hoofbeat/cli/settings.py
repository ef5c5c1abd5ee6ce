"""The configuration that is in force: defaults, then the file, the environment, the options."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path as File
from typing import Any, NamedTuple

from hoofbeat.cli import schema
from hoofbeat.cli.schema import PREFIX, Path, dotted
from hoofbeat.config import ServerConfig
from hoofbeat.errors import ConfigError

# Variables that are read by the commands themselves.
OTHER_VARIABLES = frozenset(PREFIX + name for name in ("CONFIG", "URL", "LOGIN", "PASSCODE"))
# Kubernetes sets these in every container for a service that is called hoofbeat.
_SERVICE_LINK = re.compile(PREFIX + r"(SERVICE_HOST|SERVICE_PORT.*|PORT|PORT_.*)")


class Given(NamedTuple):
    """A value that somebody configured.

    Attributes:
        value: as TOML has it, or the text of a variable or an option.
        source: where it came from: a file, a variable, an option.
        is_text: it is text that still has to be read as what the setting takes.
    """

    value: object
    source: str
    is_text: bool = False


class Settings(NamedTuple):
    """The configuration in force.

    Attributes:
        config: all of it.
        sources: where what is not a default came from, by path.
    """

    config: ServerConfig
    sources: Mapping[Path, str]


def load(
    file: File | None = None,
    environment: Mapping[str, str] | None = None,
    options: Iterable[tuple[Path, Given]] = (),
) -> Settings:
    """Put the configuration together; what comes later wins, setting by setting.

    Raises:
        ConfigError: one line that says where, which setting, what is wrong and what would do.
    """
    given: dict[Path, Given] = {}
    if file is not None:
        _spread(ServerConfig, (), Given(read_file(file), str(file)), given)
    for path, value in [*_variables(environment or {}), *options]:
        _spread(_hint_at(path, value.source), path, value, given)
    config = _build(ServerConfig, (), given)
    return Settings(config, {path: value.source for path, value in given.items()})


def read_file(file: File) -> dict[str, object]:
    """Read a TOML file.

    Raises:
        ConfigError: it can't be read, or it is not TOML.
    """
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{file}: {(error.strerror or 'it cannot be read').lower()}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{file}: it is not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        raise ConfigError(f"{file}: not TOML: {message[:1].lower()}{message[1:]}") from None


def option(assignment: str) -> tuple[Path, Given]:
    """Read ``key=value`` of ``--set``; the key as TOML writes it, the value as in a variable.

    Raises:
        ConfigError: it is no assignment.
    """
    key, equals, text = assignment.partition("=")
    path: list[str] = []
    try:
        level: object = tomllib.loads(f"{key}=0") if equals else {}
    except tomllib.TOMLDecodeError:
        level = {}
    while isinstance(level, dict) and level:
        ((name, level),) = level.items()
        path.append(name)
    if not path:
        raise ConfigError(f"--set {assignment}: it takes key=value, such as broker.queue.prefetch=10")
    return tuple(path), Given(text.strip(), f"--set {key.strip()}", is_text=True)


def _variables(environment: Mapping[str, str]) -> Iterable[tuple[Path, Given]]:
    for name, text in sorted(environment.items()):
        if not name.startswith(PREFIX) or name in OTHER_VARIABLES or _SERVICE_LINK.fullmatch(name):
            continue
        yield tuple(name.removeprefix(PREFIX).lower().split("__")), Given(text, name, is_text=True)


def _hint_at(path: Path, source: str) -> Any:
    """Return the type of the setting at ``path``, or complain that there is none."""
    hint: Any = ServerConfig
    for depth, name in enumerate(path):
        if schema.is_group(hint):
            hints = schema.hints_of(hint)
            if name not in hints:
                raise _unknown(path[:depth], name, hints, source)
            hint = hints[name]
        elif (inner := schema.table_of(hint)) is not None:
            hint = inner
        else:
            raise ConfigError(
                f"{source}: {dotted(path[:depth])} is {schema.type_name(hint)}, nothing is below it"
            )
    return hint


def _unknown(path: Path, name: str, known: Iterable[str], source: str) -> ConfigError:
    known = list(known)
    near = [dotted((*path, other)) for other in get_close_matches(name, known, 1)]
    near += [dotted(other) for other in schema.paths(ServerConfig) if other[-1] == name]
    advice = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
    return ConfigError(f"{source}: {dotted((*path, name))} is no setting; {advice}")


def _spread(hint: Any, path: Path, given: Given, into: dict[Path, Given]) -> None:
    """Take tables apart, so that a later layer replaces setting by setting."""
    table = schema.table_of(hint)
    if not schema.is_group(hint) and table is None:
        into[path] = given
        return
    values = _from_toml(dotted(path), given)
    if not isinstance(values, dict):
        raise _mismatch(dotted(path), given, "a table")
    for name, value in values.items():
        here = (*path, name)
        inner = table or _hint_at(here, given.source)
        _spread(inner, here, Given(value, given.source), into)
        if table is not None and not value:
            into[here] = Given({}, given.source)  # a table that is empty is there nevertheless


def _from_toml(where: str, given: Given) -> object:
    """Return the value, read as TOML where it is text still."""
    if not given.is_text:
        return given.value
    try:
        return tomllib.loads(f"value = {given.value}")["value"]
    except tomllib.TOMLDecodeError:
        raise _mismatch(where, given, 'a value of TOML, such as [{user = "*"}] or {key = 1}') from None


def _build(group: Any, path: Path, given: Mapping[Path, Given]) -> Any:
    """Make the dataclass ``group`` out of what was given below ``path``."""
    values: dict[str, object] = {}
    for name, hint in schema.hints_of(group).items():
        here = (*path, name)
        if schema.is_group(hint):
            values[name] = _build(hint, here, given)
        elif (table := schema.table_of(hint)) is not None:
            keys = dict.fromkeys(key[len(here)] for key in given if key[: len(here)] == here)
            values[name] = {key: _build(table, (*here, key), given) for key in keys}
        elif here in given:
            values[name] = _convert(hint, dotted(here), given[here])
    try:
        return group(**values)
    except ConfigError as error:
        raise ConfigError(_blame(str(error), group, path, given)) from None


def _blame(message: str, group: Any, path: Path, given: Mapping[Path, Given]) -> str:
    """Put in front of a check's message the setting and whoever configured it."""
    name = message.split(" ", 1)[0]
    if name not in schema.hints_of(group):
        return message
    where = ".".join((dotted(path), message)) if path else message
    here = (*path, name)
    source = next((value for key, value in given.items() if key[: len(here)] == here), None)
    return f"{source.source}: {where}" if source else where


def _convert(hint: Any, where: str, given: Given) -> object:
    """Read a value as what its setting takes, or complain."""
    item = schema.list_of(hint)
    if schema.is_group(item):
        return _rows(item, where, given)
    value = _from_text(hint, given.value) if given.is_text else given.value
    if item is not None:
        if isinstance(value, list) and all(isinstance(entry, str) for entry in value):
            return tuple(value)
        raise _mismatch(where, given, 'a list of texts, such as ["one", "two"]')
    if hint is float and type(value) is int:
        return float(value)
    if issubclass(hint, StrEnum) and value in list(hint):
        return hint(value)
    if type(value) is not hint:
        raise _mismatch(where, given, schema.type_name(hint))
    return value


def _from_text(hint: Any, text: Any) -> object:
    """Read the text of a variable or an option; what can't be read stays text."""
    if schema.list_of(hint) is not None:
        return [word.strip() for word in text.split(",")] if text.strip() else []
    try:
        if hint is bool:
            return {"true": True, "false": False}[text.lower()]
        return hint(text) if hint in (int, float) else text
    except (KeyError, ValueError):
        return text


def _rows(group: Any, where: str, given: Given) -> tuple[object, ...]:
    """Read a list of tables, each of them a ``group``."""
    rows = _from_toml(where, given)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise _mismatch(where, given, "a list of tables")
    return tuple(_row(group, f"{where}[{number}]", row, given.source) for number, row in enumerate(rows))


def _row(group: Any, label: str, row: dict[str, object], source: str) -> object:
    hints = schema.hints_of(group)
    for name in row:
        if name not in hints:
            near = get_close_matches(name, hints, 1)
            advice = f"did you mean {near[0]}?" if near else f"there are {', '.join(hints)}"
            raise ConfigError(f"{source}: {label}.{name} is no setting; {advice}")
    values = {name: _convert(hints[name], f"{label}.{name}", Given(row[name], source)) for name in row}
    try:
        return group(**values)
    except TypeError:
        raise ConfigError(f"{source}: {label} needs all of {', '.join(hints)}") from None
    except ConfigError as error:
        raise ConfigError(f"{source}: {label}.{error}") from None


def _mismatch(where: str, given: Given, wanted: str) -> ConfigError:
    return ConfigError(f"{given.source}: {where} must be {wanted}, not {given.value!r}")
