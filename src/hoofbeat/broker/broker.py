"""The broker: frames of one read in, deliveries noted in outboxes, all in one go."""

from collections.abc import Callable, Mapping
from typing import Final

from hoofbeat.broker import sending, settling, transacting
from hoofbeat.broker.claims import CHOOSING_HEADERS
from hoofbeat.broker.connecting import connect, disconnect
from hoofbeat.broker.core import Core
from hoofbeat.broker.hold import Hold, HoldReason
from hoofbeat.broker.session import BrokerSession
from hoofbeat.broker.subscribing import subscribe, unsubscribe
from hoofbeat.broker.time import Now
from hoofbeat.broker.users import Peer
from hoofbeat.errors import Refused, RemoteProtocolError
from hoofbeat.protocol.commands import Command
from hoofbeat.protocol.frames import Frame
from hoofbeat.protocol.framing import Framing
from hoofbeat.protocol.headers import Headers
from hoofbeat.protocol.outbox import Outbox, Outlet
from hoofbeat.protocol.states import State

Verb = Callable[[Core, BrokerSession, Frame], None]

# Frames that are handled one by one; SEND, ACK and NACK come in runs: see Broker._next_run.
_VERBS: Mapping[Command, Verb] = {
    Command.CONNECT: connect,
    Command.STOMP: connect,
    Command.SUBSCRIBE: subscribe,
    Command.UNSUBSCRIBE: unsubscribe,
    Command.BEGIN: transacting.begin,
    Command.COMMIT: transacting.commit,
    Command.ABORT: transacting.abort,
    Command.DISCONNECT: disconnect,
}
_SEND: Final = Command.SEND
_SUBSCRIBE: Final = Command.SUBSCRIBE
_CONNECTED: Final = State.CONNECTED
SLICE_FRAMES: Final = 1024  # of one session, handled before others have their turn
SLICE_COPIES: Final = 65_536  # delivered on behalf of one session before others have their turn
PRECISION_SECONDS = 0.01  # a session that was looked at rests for so long


def _no_end() -> None:
    """Give up nothing: a slice is waited for without end, since it comes at once."""


def _is_long(headers: Headers) -> bool:
    """Say whether a SUBSCRIBE has us look for what matches among all last values, or all that waits."""
    return "*" in (headers.get("destination") or "") or not CHOOSING_HEADERS.isdisjoint(headers.fields)


class Broker(Core):
    """One broker, for one event loop; plain synchronous calls, and the time comes in."""

    def open(self, outlet: Outlet, framing: Framing, peer: Peer, now: Now) -> BrokerSession:
        """Begin a session on a new connection."""
        self.clock.now = now
        session = BrokerSession(
            self.new_id(),
            Outbox(outlet, framing, self.dirty),
            peer,
            readers=self.readers,
            limits=self.frame_limits,
            transaction_limits=self.transaction_limits,
            overruns=self.overruns,
            now=now.monotonic,
        )
        self.sessions[session.id] = session
        self.stats.sessions_opened += 1
        self.schedule(session)
        return session

    def received(self, session: BrokerSession, data: bytes, now: Now) -> None:
        """Handle what one read brought; answers wait in the outboxes for :meth:`flush`."""
        self.clock.now = now
        if session.is_over:
            return
        frames = session.feed(data, now.monotonic)
        if session.hold is not None:
            session.backlog += frames
            return
        self._handle(session, frames)
        self._check_outbox(session)
        if self.released:
            self._go_on()

    def flush(self) -> None:
        """Write every outbox that has something to write, and go on with who waits for the next turn."""
        self._end_slow_readers()
        self._go_on()
        if self.sliced:
            self._go_on_with_sliced()
        self._end_slow_readers()
        self.engine.flush()
        written_at = self.clock.now.monotonic
        for outbox in self.dirty:
            outbox.flush()
            outbox.written_at = written_at
        self.dirty.clear()
        if self.sliced or self.released:
            self.wake()

    def pause(self, session: BrokerSession, now: Now) -> None:
        """The peer reads too slowly: its subscriptions have no credit until it catches up."""
        session.outbox.pause(now.monotonic)
        self.schedule(session)

    def resume(self, session: BrokerSession, now: Now) -> None:
        """The peer has caught up."""
        self.clock.now = now
        session.outbox.resume()
        session.outbox.written_at = now.monotonic
        for subscription in tuple(session.subscriptions.values()):
            self.engine.replenish(subscription)

    def lost(self, session: BrokerSession, now: Now) -> None:
        """The stream is gone: what the session held goes to others."""
        self.clock.now = now
        self.forget(session)
        self._go_on()

    def advance(self, now: Now) -> float:
        """Do what is due, and return when to be called again; infinity for never."""
        self.clock.now = now
        while (session := self.deadlines.pop(now.monotonic)) is not None:
            self._look_at(session, now.monotonic)
        deadline = self.engine.advance()
        self._end_slow_readers()
        self._go_on()
        return min(self.deadlines.next, deadline)

    @property
    def deadline(self) -> float:
        """Say when :meth:`advance` may have something to do; infinity for never."""
        return min(self.deadlines.next, self.engine.deadline)

    def set_memory_short(self, is_short: bool, now: Now) -> None:
        """Hold whoever sends while the server is short of memory, and let go after."""
        self.clock.now = now
        self.is_memory_short = is_short
        if not is_short:
            for session in tuple(self.sessions.values()):
                if session.hold is not None and session.hold.reason is HoldReason.MEMORY:
                    session.hold.end()

    def drain(self, now: Now) -> None:
        """End every session: its last answers, then ERROR, then the close."""
        self.clock.now = now
        for session in tuple(self.sessions.values()):
            session.is_soft = False
            self.refuse(session, Refused("the server is shutting down", detail="connect again in a while"))

    def close(self, now: Now) -> None:
        """Forget every session that is left, and leave all that is kept in order; nothing may follow."""
        self.clock.now = now
        for session in tuple(self.sessions.values()):
            self.forget(session)
        self.engine.close()

    # The river.

    def _handle(self, session: BrokerSession, frames: list[Frame]) -> None:
        """Handle frames in order until they end, or the session does, or it has to wait."""
        self.scene.session = session
        try:
            self._handle_in_order(session, frames)
        finally:
            self.scene.session = None

    def _handle_in_order(self, session: BrokerSession, frames: list[Frame]) -> None:
        at, end = 0, len(frames)
        most_effort = self.stats.effort + SLICE_COPIES
        while at < end:
            if at >= SLICE_FRAMES or self.stats.effort >= most_effort:
                self._slice(session)
            else:
                at = self._next_run(session, frames, at)
            if session.hold is not None:
                session.backlog = [*frames[at:], *session.backlog]
                return
            if session.state is not _CONNECTED and session.is_over:
                return
        fault = session.fault
        if fault is not None:
            self.fail(session, fault, {})

    def _next_run(self, session: BrokerSession, frames: list[Frame], at: int) -> int:
        """Handle the frames that belong together with the one at ``at``; return where they end."""
        frame = frames[at]
        command, headers, _ = frame
        if self.is_memory_short and command is _SEND and session.state is _CONNECTED:
            sending.wait_for_memory(self, session)
            return at
        if session.state is not _CONNECTED or "transaction" in headers.fields:
            self._single(session, frame)
        elif command is _SEND:
            return sending.send(self, session, frames, at)
        elif command in settling.SETTLING:
            return settling.settle(self, session, frames, at)
        else:
            self._single(session, frame)
            if command is _SUBSCRIBE and session.hold is None and not session.is_over and _is_long(headers):
                self._slice(session)
        return at + 1

    def _single(self, session: BrokerSession, frame: Frame) -> None:
        receipt = frame.headers.get("receipt")
        try:
            session.advance(frame.command)
            _VERBS.get(frame.command, transacting.take_in)(self, session, frame)
        except Refused as refused:
            subscription = frame.headers.get("id") if frame.command is Command.SUBSCRIBE else None
            self.refuse(session, refused, receipt, subscription)
        except RemoteProtocolError as fault:
            self.fail(session, fault, {} if receipt is None else {"receipt-id": receipt})

    def _go_on(self) -> None:
        """Go on with sessions whose wait is over, one after the other."""
        while self.released:
            session = self.released.pop(0)
            if session.is_over or session.hold is not None:
                continue
            self._resume(session)

    def _resume(self, session: BrokerSession) -> None:
        """Go on with a session that had to wait."""
        if session.is_over:
            return
        session.outbox.outlet.resume_reading()
        backlog, session.backlog = session.backlog, []
        backlog += session.feed(b"", self.clock.now.monotonic)
        self._handle(session, backlog)
        self._check_outbox(session)

    def _go_on_with_sliced(self) -> None:
        """Give each session that was sliced its share of this turn; a fault in one is its own."""
        sliced, self.sliced = self.sliced[::-1], []
        try:
            while sliced:
                sliced[-1].hold = None
                self._resume(sliced[-1])
                sliced.pop()
        finally:
            if sliced:
                failed = sliced.pop()
                self.sliced += sliced[::-1]
                self.wake()
                failed.is_soft = False  # what it sent after the fault is lost
                self.refuse(failed, Refused("the broker failed", detail="our log shows how"))

    def _check_outbox(self, session: BrokerSession) -> None:
        """Note a session that asks for answers, and does not read them."""
        outbox = session.outbox
        if outbox.is_paused and outbox.size > self.config.limits.outbox_bytes:
            session.overrun()

    def _slice(self, session: BrokerSession) -> None:
        """Let a session wait for the next turn of the loop: others are to have theirs."""
        session.hold = Hold(HoldReason.TURN, _no_end)
        session.outbox.outlet.pause_reading()
        self.sliced.append(session)

    # What is due.

    def _look_at(self, session: BrokerSession, now: float) -> None:
        limits = self.config.limits
        session.pulse.sent = max(session.pulse.sent, session.outbox.written_at)
        if session.outbox.is_paused and session.outbox.paused_at + limits.slow_seconds <= now:
            self.overruns.append(session)
        elif session.state is State.CONNECTING and session.opened_at + limits.connect_seconds <= now:
            self.refuse(session, Refused(f"no CONNECT within {limits.connect_seconds:g} seconds"))
        elif session.held_until <= now and session.hold is not None:
            session.hold.give_up()
        elif session.hold is None and session.pulse.is_lost(now):
            self.refuse(session, Refused("heart-beats stopped coming"))
            self.end(session)
        elif session.pulse.is_due(now):
            session.pulse.sent = now
            session.beat()
        if session.id in self.sessions:
            self.schedule(session, not_before=now + PRECISION_SECONDS)

    def _end_slow_readers(self) -> None:
        """Tell readers that do not keep up, and close; what waited for them is let go."""
        while self.overruns:
            session = self.overruns.pop()
            if session.id in self.sessions:
                self.stats.slow_consumers += 1
                session.is_soft = False
                session.outbox.drop()
                self.refuse(
                    session, Refused("slow reader", detail="what was sent came faster than it was read")
                )
