"""Write the reference of the commands from their own help.

``python tools/commands.py`` writes the page, ``--check`` only says whether it is up to date.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

import typer  # noqa: E402 - after the path, for the package need not be installed

from hoofbeat.cli.main import EXIT_CODES, app  # noqa: E402 - likewise

PAGE = ROOT / "docs" / "reference" / "commands.md"
WIDTH = 100

_INTRODUCTION = """\
# Commands

`hoofbeat` is one program with a command for each task. What follows is what `hoofbeat --help` and
`hoofbeat COMMAND --help` say; `python -m hoofbeat` is the same program.

`hoofbeat serve` listens on `127.0.0.1:61613` for STOMP, and on `127.0.0.1:8080` for WebSocket and the chat
page. Port 0 picks a free port. The addresses are printed, ready to copy.

An option that names a variable takes its value from there where it is not given; a passcode is best kept in
`HOOFBEAT_PASSCODE`, where other users of the machine can't read it. Every setting of the
[configuration](configuration.md) has a variable too, and can be given with `--set`.

This page is written by `tools/commands.py`.
"""


def page() -> str:
    """Write the whole page."""
    root: Any = typer.main.get_command(app)
    sections = [_INTRODUCTION, _exit_codes(), *_sections(root, "hoofbeat")]
    return "\n".join(sections).rstrip() + "\n"


def _exit_codes() -> str:
    rows = "".join(f"| {code} | {meaning} |\n" for code, meaning in EXIT_CODES.items())
    return f"## Exit codes\n\n| code | what it says |\n|---|---|\n{rows}"


def _sections(command: Any, name: str, above: Any = None) -> Iterator[str]:
    """Write about a command, then about those below it."""
    width: Any = {"terminal_width": WIDTH, "max_content_width": WIDTH}
    context = typer.Context(command, info_name=name, parent=above, **width, **command.context_settings)
    yield f"## `{context.command_path}`\n\n```text\n{command.get_help(context)}\n```\n"
    for below, other in getattr(command, "commands", {}).items():
        yield from _sections(other, below, context)


def main(arguments: list[str]) -> int:
    """Write the page, or with ``--check`` compare it."""
    text = page()
    if "--check" in arguments:
        stale = not PAGE.exists() or PAGE.read_text() != text
        print("docs/reference/commands.md is", "stale: run tools/commands.py" if stale else "up to date")
        return int(stale)
    PAGE.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
