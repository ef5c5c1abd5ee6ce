"""The log of a server, on standard error: one line for each event."""

import logging
import sys
import time
from typing import TextIO

from hoofbeat.cli.output import on_one_line, printable, styled
from hoofbeat.config import LogLevel

ROOT = "hoofbeat"


class LineFormatter(logging.Formatter):
    """Writes the time and what happened; a traceback, which is a fault of ours, stands below."""

    def __init__(self, stream: TextIO) -> None:
        """Write for ``stream``: a terminal gets colours."""
        super().__init__()
        self._stream = stream

    def format(self, record: logging.LogRecord) -> str:
        """Return one line."""
        moment = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(record.created))
        line = styled(on_one_line(record.getMessage()), _style(record.levelno), self._stream)
        lines = [f"{styled(moment, 'dim', self._stream)} {line}"]
        if record.exc_info:
            lines.append(printable(self.formatException(record.exc_info)))
        return "\n".join(lines)


def start(level: LogLevel) -> None:
    """Log from now on; what libraries have to say only where it is a warning."""
    number = getattr(logging, level.name)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter(sys.stderr))
    logging.getLogger().addHandler(handler)
    logging.getLogger().setLevel(max(number, logging.WARNING))
    logging.getLogger(ROOT).setLevel(number)


def _style(level: int) -> str:
    return "fault" if level >= logging.ERROR else "note" if level >= logging.WARNING else "plain"
