"""Write the reference of the configuration from the dataclasses.

``python tools/reference.py`` writes the page, ``--check`` only says whether it is up to date.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

from hoofbeat.cli import schema, toml  # noqa: E402 - the package need not be installed
from hoofbeat.config import ServerConfig  # noqa: E402

PAGE = ROOT / "docs" / "reference" / "configuration.md"

_INTRODUCTION = """\
# Configuration

Every setting has a default; what follows replaces it, each step the one before:

1. the file of `hoofbeat serve --config FILE`, or of the variable `HOOFBEAT_CONFIG`, in TOML;
2. environment variables: `HOOFBEAT_` and the setting's name, with `__` for each dot;
3. options: `--stomp`, `--http` and so on, and `--set KEY=VALUE` for any setting.

In a variable and behind `--set`, a list is written with commas (`127.0.0.1:61613,[::1]:61613`),
an empty text is an empty list, and tables are written as in TOML
(`HOOFBEAT_BROKER__QUEUES='{"/queue/slow" = {prefetch = 1}}'`). Paths are relative to the
directory that the command is run in.

`hoofbeat config --check` says whether a configuration can be used. `hoofbeat config --show` writes
the one that is in force, with where each value came from; its output can be used as a file.

This page is written by `tools/reference.py` from the dataclasses in `hoofbeat.config`.
"""


def page() -> str:
    """Write the whole page."""
    return "\n".join([_INTRODUCTION, *_group(ServerConfig, ()), *_nested(ServerConfig, ())]).rstrip() + "\n"


def _group(group: Any, path: schema.Path) -> Iterator[str]:
    """Write about a group, then about the groups below it."""
    title = f"The table `[{schema.dotted(path)}]`" if path else "The top of the file"
    yield f"## {title}\n\n{_plain(schema.intro_of(group))}\n"
    yield from _settings(group, path)
    for name, hint in schema.hints_of(group).items():
        if schema.is_group(hint):
            yield from _group(hint, (*path, name))


def _settings(group: Any, path: schema.Path) -> Iterator[str]:
    """Write a table of the settings of a group that are no groups themselves."""
    docs, defaults = schema.docs_of(group), schema.defaults_of(group)
    yield "| setting | what it is | takes | default |\n|---|---|---|---|"
    for name, hint in schema.hints_of(group).items():
        if not schema.is_group(hint):
            default = f"`{toml.value(defaults[name])}`" if name in defaults else "none: it must be said"
            default = "none" if schema.table_of(hint) else default
            key = schema.dotted((*path, name)) if path else name
            yield f"| `{key}` | {_plain(docs[name])} | {schema.type_name(hint)} | {default} |"
    yield ""


def _nested(group: Any, path: schema.Path) -> Iterator[str]:
    """Write about the groups that stand in lists and tables."""
    for name, hint in schema.hints_of(group).items():
        here = (*path, name)
        if schema.is_group(hint):
            yield from _nested(hint, here)
        elif (inner := schema.table_of(hint)) is not None:
            title = f'## The tables `[{schema.dotted(here)}."PATTERN"]`'
            yield f"{title}\n\n{_plain(schema.intro_of(inner))}\n\nPatterns count in the order of the file.\n"
            yield from _settings(inner, ())
        elif schema.is_group(inner := schema.list_of(hint)):
            yield f"## The list `[[{schema.dotted(here)}]]`\n\n{_plain(schema.intro_of(inner))}\n"
            yield from _settings(inner, ())


def _plain(text: str) -> str:
    return text.replace("``", "`")


def main(arguments: list[str]) -> int:
    """Write the page, or with ``--check`` compare it."""
    text = page()
    if "--check" in arguments:
        stale = not PAGE.exists() or PAGE.read_text() != text
        print(
            "docs/reference/configuration.md is", "stale: run tools/reference.py" if stale else "up to date"
        )
        return int(stale)
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
