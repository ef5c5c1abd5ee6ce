"""What is read off the dataclasses: documentation, types, names."""

import tomllib
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from hoofbeat.cli import schema
from hoofbeat.config import ServerConfig

ROOT = Path(__file__).resolve().parents[2]


def groups(group: Any) -> Iterator[Any]:
    """Go through every dataclass of the configuration."""
    yield group
    for hint in schema.hints_of(group).values():
        inner = hint if schema.is_group(hint) else schema.table_of(hint) or schema.list_of(hint)
        if schema.is_group(inner):
            yield from groups(inner)


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    """Load the tool that writes the reference page."""
    spec = spec_from_file_location("reference", ROOT / "tools" / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("group", list(groups(ServerConfig)))
def test_every_setting_is_documented_and_nothing_else_is(group: Any) -> None:
    assert list(schema.docs_of(group)) == list(schema.hints_of(group))
    assert schema.intro_of(group)


@pytest.mark.parametrize("group", list(groups(ServerConfig)))
def test_every_setting_says_in_words_what_it_takes(group: Any) -> None:
    assert all(map(schema.type_name, schema.hints_of(group).values()))


def test_a_variable_is_named_after_the_path() -> None:
    assert schema.variable(("broker", "limits", "body_bytes")) == "HOOFBEAT_BROKER__LIMITS__BODY_BYTES"


def test_the_paths_cover_groups_and_what_is_in_them() -> None:
    paths = set(schema.paths(ServerConfig))
    assert {("stomp",), ("broker",), ("broker", "queue", "prefetch")} <= paths


@pytest.mark.parametrize("text", ["", "plain", 'a "b" \\c', "tab\t, \x00, \x7f", "ü ☃"])
def test_a_quoted_text_reads_as_the_same_text(text: str) -> None:
    assert tomllib.loads(f"x = {schema.quoted(text)}") == {"x": text}


def test_the_reference_page_is_fresh(reference: ModuleType) -> None:
    assert reference.PAGE.read_text() == reference.page(), "run tools/reference.py"


def test_the_reference_page_names_every_setting(reference: ModuleType) -> None:
    page = reference.page()
    assert [path for path in schema.paths(ServerConfig) if schema.dotted(path) not in page] == []
