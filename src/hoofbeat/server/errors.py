"""ERROR frames in the log: one line each, and no more of them than somebody could read."""

import logging
from collections.abc import Callable

from hoofbeat.broker.users import Peer
from hoofbeat.server.reception import shown
from hoofbeat.server.turns import read_clocks

MOST_LINES = 10  # a second; a client that asks for errors is not to fill the disk

logger = logging.getLogger("hoofbeat.server")


class Errors:
    """Logs each ERROR that is sent; those that come too fast are counted, and told of with the next."""

    __slots__ = ("_left_out", "_lines", "_second", "_seconds")

    def __init__(self, seconds: Callable[[], float] = lambda: read_clocks().monotonic) -> None:
        """Start with none; ``seconds`` reads a monotonic clock."""
        self._seconds = seconds
        self._second = 0
        self._lines = 0
        self._left_out = 0

    def __call__(self, session: str, peer: Peer, summary: str) -> None:
        """Log one."""
        second = int(self._seconds())
        if second != self._second:
            self._second, self._lines = second, 0
        if self._lines >= MOST_LINES:
            self._left_out += 1
            return
        self._lines += 1
        if self._left_out:
            logger.info("! ERROR to others %d times", self._left_out)
            self._left_out = 0
        logger.info(
            "! %s %s port %d session %s: ERROR %s",
            peer.transport,
            shown(peer.address),
            peer.port,
            session,
            shown(summary),
        )
