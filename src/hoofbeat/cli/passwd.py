"""``hoofbeat passwd``: users and their passwords."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from hoofbeat.errors import ConfigError


def passwd(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Users file; it is made if it is missing.")],
    user: Annotated[str, typer.Argument(metavar="USER")],
    stdin: Annotated[bool, typer.Option("--stdin", help="Read the password from standard input.")] = False,
    delete: Annotated[bool, typer.Option("--delete", help="Take the user out.")] = False,
) -> None:
    """Give a user a password, or delete the user.

    A running broker notices by itself.
    """
    from hoofbeat.server import users

    if delete:
        users.delete(file, user)
        print(f"{user} is deleted")
        return
    users.check_name(user)
    password = (
        _read_line() if stdin else typer.prompt("Password", hide_input=True, confirmation_prompt="Again")
    )
    was_there = users.set_password(file, user, password)
    print(f"{user} has a new password" if was_there else f"{user} is added")


def _read_line() -> str:
    line = sys.stdin.readline()
    if not line:
        raise ConfigError("no password came on standard input")
    return line.rstrip("\r\n")
