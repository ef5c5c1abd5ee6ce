"""Limits of a header block, checked octet by octet, so that a fault does not depend on the cuts."""

from hoofbeat.errors import RemoteProtocolError
from hoofbeat.protocol.limits import FrameLimits

_CR = 13


class HeaderScan:
    """Walks along a header block that is not whole yet, and goes on where it stopped.

    Whatever the cuts, the first octet past a limit is the one that is complained of.
    """

    __slots__ = ("_limits", "_line", "_lines", "_pos")

    def __init__(self, limits: FrameLimits) -> None:
        """Start at the command."""
        self._limits = limits
        self._pos = 0
        self._line = 0
        self._lines = 0

    def advance(self, data: bytes | bytearray) -> bool:
        """Look at what is new in ``data``, which starts at the command.

        Returns:
            whether the blank line is there.

        Raises:
            RemoteProtocolError: a limit is passed, or a NUL ends the frame before the blank line.
        """
        while True:
            eol = data.find(b"\n", self._pos)
            end = len(data) if eol < 0 else eol
            self._check(data, end)
            if eol < 0:
                self._pos = end
                return False
            if end == self._line or (end == self._line + 1 and data[self._line] == _CR):
                return True
            self._lines += 1
            self._line = self._pos = eol + 1

    def _check(self, data: bytes | bytearray, end: int) -> None:
        """Complain of the first octet that is too many, or of a NUL before it."""
        limits = self._limits
        nul = data.find(b"\0", self._pos, end)
        upto = end if nul < 0 else nul
        faults: list[tuple[int, str]] = []
        if self._lines == 0:
            faults.append(
                (self._line + limits.command_bytes, f"command line over {limits.command_bytes} bytes")
            )
        else:
            faults.append((self._line + limits.line_bytes, f"header line over {limits.line_bytes} bytes"))
        faults.append((limits.block_bytes, f"header block over {limits.block_bytes} bytes"))
        if self._lines > limits.headers:
            faults.append((self._line + 1, f"more than {limits.headers} headers"))
        slack = 1 if upto > self._line and data[upto - 1] == _CR else 0  # a CR may belong to the EOL
        limit, summary = min(faults)
        if upto - slack > limit:
            raise RemoteProtocolError(summary, section="Size Limits")
        if nul >= 0:
            raise RemoteProtocolError(
                "frame ends before the blank line after its headers", section="STOMP Frames"
            )
