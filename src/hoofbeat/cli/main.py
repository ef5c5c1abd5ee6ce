"""The command ``hoofbeat``: what it is asked, and how it ends."""

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from hoofbeat.cli.bench.command import bench
from hoofbeat.cli.config import config
from hoofbeat.cli.listen import listen
from hoofbeat.cli.output import complain
from hoofbeat.cli.passwd import passwd
from hoofbeat.cli.send import send
from hoofbeat.cli.serve import serve
from hoofbeat.cli.store import store
from hoofbeat.cli.version import describe
from hoofbeat.errors import ConfigError, HoofbeatError

REFUSED = 1
MISUSED = 2
INTERRUPTED = 130
EXIT_CODES = {
    0: "it is done",
    REFUSED: "somebody refused, or could not be reached, or went away; one line on standard error says who",
    MISUSED: "the command or the configuration was wrong; one line says where, what, and what would do",
    INTERRUPTED: "it was interrupted with Ctrl-C (`serve` and `listen` end with 0 then)",
}

app = typer.Typer(
    name="hoofbeat",
    help="STOMP for Python: a message broker over TCP and WebSocket, and its tools.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # help is the same text on a terminal and in a file
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (serve, send, listen, bench, config, passwd):
    app.command()(command)
app.add_typer(store)


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False,
) -> None:
    """STOMP for Python: a message broker over TCP and WebSocket, and its tools."""
    if version:
        print(describe())
        raise typer.Exit
    if context.invoked_subcommand is None:
        print(context.get_help())


def run(arguments: Sequence[str] | None = None) -> int:
    """Do what the arguments say, those of the process by default.

    Returns:
        the exit code: 0, or 1 where somebody refused, or 2 where we were asked wrongly.
    """
    try:
        return typer.main.get_command(app).main(arguments, "hoofbeat", standalone_mode=False) or 0
    except typer.TyperException as error:
        complain(f"{error.format_message().rstrip('.')}; try --help")
        return MISUSED
    except ConfigError as error:
        complain(str(error))
        return MISUSED
    except HoofbeatError as error:
        complain(str(error))
        return REFUSED
    except BrokenPipeError:
        # Who read us has left: what is still to be flushed goes to nobody.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return REFUSED
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED


def main() -> None:
    """Run, and end the process."""
    sys.exit(run())
