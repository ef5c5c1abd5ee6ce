"""A bar that moves on the terminal."""

import sys
from collections.abc import Callable

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
from rich.table import Column

_BAR_WIDTH = 24  # leaves 49 columns of 80 to what is being done


def draw(doing: str, far: Callable[[], tuple[int, int]], wait: Callable[[], bool]) -> bool:
    """Draw how far something is on standard error, and take it away at the end.

    Args:
        doing: what.
        far: returns how much of how much is done; of 0 while that is not known.
        wait: waits for a moment, and says if it is over.

    Returns:
        False at once where that is no terminal.
    """
    console = Console(file=sys.stderr, highlight=False)
    if not console.is_interactive:
        return False
    one_line = Column(no_wrap=True, overflow="ellipsis", ratio=1)
    text = TextColumn("{task.description}", markup=False, table_column=one_line)
    columns = (text, BarColumn(_BAR_WIDTH), TaskProgressColumn())
    with Progress(*columns, console=console, transient=True, expand=True) as progress:
        task = progress.add_task(doing, total=None)
        is_over = False
        while not is_over:
            done, total = far()
            progress.update(task, completed=done, total=total or None)
            is_over = wait()
    return True
