"""Heart-beats: the promise to be heard, and the clock that keeps it."""

import re
from typing import NamedTuple

from hoofbeat.errors import RemoteProtocolError

_HEADER = re.compile(r"([0-9]{1,9}),([0-9]{1,9})", re.ASCII)
_SEND_AT = 0.95  # of the interval: never before 90 % of it, never after it
TOLERANCE = 2.0  # intervals of silence before the peer counts as gone
# Between heart-beats. Who wants fewer gets more; who promises fewer is as good as silent.
LONGEST_SECONDS = 3600.0


class HeartBeat(NamedTuple):
    """What one side can do and wants: the ``heart-beat`` header.

    Attributes:
        can_send: smallest number of milliseconds between heart-beats it guarantees; 0 for none.
        wants: number of milliseconds between heart-beats it would like to get; 0 for none.
    """

    can_send: int
    wants: int


NO_HEART_BEAT = HeartBeat(0, 0)


def parse(header: str | None) -> HeartBeat:
    """Read a ``heart-beat`` header; none at all means ``0,0``.

    Raises:
        RemoteProtocolError: it is not two numbers of milliseconds.

    STOMP 1.2, "Heart-beating".
    """
    if header is None:
        return NO_HEART_BEAT
    match = _HEADER.fullmatch(header)
    if match is None:
        raise RemoteProtocolError(
            f"heart-beat {header[:32]!r} is not two numbers of milliseconds", section="Heart-beating"
        )
    return HeartBeat(int(match[1]), int(match[2]))


def negotiate(ours: HeartBeat, theirs: HeartBeat) -> tuple[float, float]:
    """Settle how often each side speaks.

    Returns:
        ``(send_every, expect_every)`` in seconds, 0.0 for a direction without heart-beats.
        (On the wire, and in :class:`HeartBeat`, intervals are milliseconds.)

    STOMP 1.2, "Heart-beating".
    """
    expect_every = _interval(theirs.can_send, ours.wants)
    return (
        min(_interval(ours.can_send, theirs.wants), LONGEST_SECONDS),
        expect_every if expect_every <= LONGEST_SECONDS else 0.0,
    )


def _interval(can_send: int, wants: int) -> float:
    return max(can_send, wants) / 1000 if can_send and wants else 0.0


class Pulse:
    """When a session must speak, and when its peer's silence has lasted too long.

    All times are seconds of a monotonic clock.

    Attributes:
        sent: when bytes last left for the peer.
        received: when bytes last came from it.
    """

    __slots__ = ("_expect_every", "_send_every", "received", "sent")

    def __init__(self, send_every: float, expect_every: float, now: float) -> None:
        """Start both clocks now; an interval of 0.0 stands for no heart-beats."""
        self._send_every = send_every
        self._expect_every = expect_every
        self.sent = now
        self.received = now

    def is_due(self, now: float) -> bool:
        """Say whether a heart-beat has to be sent."""
        return self._send_every > 0.0 and self.sent + self._send_every * _SEND_AT <= now

    def is_lost(self, now: float) -> bool:
        """Say whether the peer has been silent for longer than it promised, tolerance included."""
        return self._expect_every > 0.0 and self.received + self._expect_every * TOLERANCE < now

    def deadline(self) -> float:
        """Return when to look again; infinity where no heart-beats were agreed on."""
        send_at = self.sent + self._send_every * _SEND_AT if self._send_every else float("inf")
        lost_at = self.received + self._expect_every * TOLERANCE if self._expect_every else float("inf")
        return min(send_at, lost_at)
