"""A word on standard error where something takes longer than one would think, and how far it is."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

SECONDS = 1.0
_REDRAW_SECONDS = 0.1

Say = Callable[[str], object]


def keep_quiet(text: str) -> None:
    """Say nothing."""


class Watch:
    """Watches over something that takes long, and tells of it once it has taken ``seconds``.

    On a terminal a bar moves; else a line is said every so many seconds.
    """

    def __init__(self, doing: str, say: Say, seconds: float) -> None:
        """Watch what is called ``doing``, from now on."""
        self._doing = doing
        self._say = say
        self._seconds = seconds
        self._far = 0, 0
        self._is_over = Event()
        self._thread = Thread(target=self._run, name="patience", daemon=True)
        self._thread.start()

    def report(self, done: int, total: int) -> None:
        """Note how much of how much is done; it costs next to nothing."""
        self._far = done, total

    def end(self) -> None:
        """Tell nothing more, and take the bar away."""
        self._is_over.set()
        self._thread.join()

    def _run(self) -> None:
        if self._is_over.wait(self._seconds):
            return
        from hoofbeat.cli import bar  # who need not wait need not load it either

        if not bar.draw(self._doing, lambda: self._far, lambda: self._is_over.wait(_REDRAW_SECONDS)):
            self._tell()

    def _tell(self) -> None:
        while not self._is_over.is_set():
            done, total = self._far
            self._say(f"{self._doing}: {100 * done // total} %" if total else self._doing)
            self._is_over.wait(self._seconds)


@contextmanager
def patience(doing: str, say: Say = keep_quiet, seconds: float = SECONDS) -> Iterator[Watch]:
    """Tell what is being done, and how far it is, if it takes more than ``seconds``.

    Args:
        doing: in a few words.
        say: gets a line now and then where standard error is no terminal.
        seconds: how long nothing is said, and between two lines.
    """
    watch = Watch(doing, say, seconds)
    try:
        yield watch
    finally:
        watch.end()
