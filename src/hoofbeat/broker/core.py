"""What all parts of the broker share: sessions, answers, waiting."""

from collections.abc import Callable, Sequence

from hoofbeat.broker.access import Access, Right
from hoofbeat.broker.deadlines import Deadlines
from hoofbeat.broker.destination import Destination
from hoofbeat.broker.engine import Engine, ignore
from hoofbeat.broker.hold import Hold
from hoofbeat.broker.message import Numbers
from hoofbeat.broker.selecting.condition import Scene
from hoofbeat.broker.session import BrokerSession
from hoofbeat.broker.stats import Stats
from hoofbeat.broker.time import Clock
from hoofbeat.broker.users import Authenticator, Peer
from hoofbeat.config import BrokerConfig, LimitsConfig
from hoofbeat.errors import ProtocolError, Refused
from hoofbeat.protocol.limits import FrameLimits
from hoofbeat.protocol.outbox import INFINITY, Outbox
from hoofbeat.protocol.server import make_readers
from hoofbeat.protocol.states import State
from hoofbeat.protocol.transactions import TransactionLimits

Report = Callable[[str, Peer, str], None]


def keep_quiet(session: str, peer: Peer, summary: str) -> None:
    """Report nothing."""


class Core:
    """State of one broker, and how it answers; the verbs of clients are in modules beside it.

    Attributes:
        new_id: makes names that nobody can guess.
        wake: called when bytes are left to flush outside a read.
        may: says whether a user has a right on a destination.
        per_user: sessions that one user may have who proved who it is.
        report: told of every ERROR: the session's id, its peer, and the summary.
        deadlines: when to look at which session.
        sessions: the live ones, by id.
        released: sessions whose wait is over, to be gone on with.
        sliced: sessions that had their share of this turn, to be gone on with in the next.
        is_memory_short: publishers are held.
        scene: whose frames are being handled.
    """

    def __init__(
        self,
        config: BrokerConfig,
        *,
        engine: Engine,
        authenticator: Authenticator,
        access: Access,
        clock: Clock,
        stats: Stats,
        numbers: Numbers,
        new_id: Callable[[], str],
        epoch: str,
        wake: Callable[[], None],
        per_user: int = 50,
        report: Report = keep_quiet,
    ) -> None:
        """Take the parts; clock, stats and numbers are shared with the engine.

        ``epoch`` tells the message ids of this start from others: without colon, dash and slash.
        """
        self.config, self.engine = config, engine
        self.authenticator = authenticator
        self.may = access.may
        self.clock, self.stats, self.numbers = clock, stats, numbers
        self.new_id = new_id
        self.wake = wake
        self.per_user, self.report = per_user, report
        self.message_prefix = f"{epoch}-".encode()
        self.sessions: dict[str, BrokerSession] = {}
        self.users: dict[str, int] = {}
        self.temp_owners: dict[str, BrokerSession] = {}
        self.readers = make_readers()
        self.frame_limits, self.transaction_limits = _limits_of_sessions(config.limits)
        self.dirty: list[Outbox] = []
        self.overruns: list[BrokerSession] = []
        self.released: list[BrokerSession] = []
        self.sliced: list[BrokerSession] = []
        self.is_memory_short = False
        self.scene = Scene(stats)
        self.deadlines = Deadlines()

    # Answers.

    def refuse(
        self,
        session: BrokerSession,
        refused: Refused,
        receipt: str | None = None,
        subscription: str | None = None,
    ) -> None:
        """Answer a frame that the broker will not act on; the end of a session that is not soft."""
        if session.state is State.CLOSED:
            return
        more = {} if receipt is None else {"receipt-id": receipt}
        if subscription is not None:
            more["subscription"] = subscription
        if session.is_soft:
            more["fatal"] = "false"
        self.report(session.id, session.peer, refused.summary)
        session.error(refused.summary, refused.detail or refused.summary, more)
        if not session.is_soft:
            self.end(session)

    def fail(self, session: BrokerSession, fault: ProtocolError, more: dict[str, str]) -> None:
        """Answer a frame that breaks the protocol: the end of every session."""
        self.report(session.id, session.peer, fault.summary)
        session.error(fault.summary, str(fault), more)
        self.end(session)

    def end(self, session: BrokerSession) -> None:
        """Close a session from our side; its subscriptions end now, not when the stream does."""
        session.close()
        self.forget(session)

    def forget(self, session: BrokerSession) -> None:
        """Take a session out of everything; calling it again does nothing."""
        if self.sessions.pop(session.id, None) is None:
            return
        session.release()
        if session.hold is not None:
            hold, session.hold = session.hold, None
            hold.on_end = None
            hold.give_up()
        session.backlog = []
        for subscription in session.leave():
            self.engine.detach(subscription, ignore)
        if session.principal.is_proven:
            self.users[session.principal.name] -= 1
            if not self.users[session.principal.name]:
                del self.users[session.principal.name]
        if session.temp_prefix:
            del self.temp_owners[session.temp_prefix]
            self.engine.forget(session.temp_prefix)

    # Waiting.

    def hold(self, session: BrokerSession, hold: Hold, seconds: float) -> None:
        """Handle nothing more of a session until ``hold`` ends, or is given up."""
        session.hold = hold
        session.held_until = self.clock.now.monotonic + seconds
        hold.on_end = lambda: self.release(session)
        session.outbox.outlet.pause_reading()
        self.schedule(session)

    def release(self, session: BrokerSession) -> None:
        """Go on with a session as soon as the work at hand is done."""
        session.hold = None
        session.held_until = INFINITY
        self.released.append(session)
        self.wake()

    def schedule(self, session: BrokerSession, *, not_before: float = 0.0) -> None:
        """Look at a session again when the next thing about it may be due."""
        at = min(session.held_until, session.pulse.deadline())
        if session.state is State.CONNECTING:
            at = min(at, session.opened_at + self.config.limits.connect_seconds)
        if session.outbox.is_paused:
            at = min(at, session.outbox.paused_at + self.config.limits.slow_seconds)
        self.deadlines.add(session, max(at, not_before))

    # Rights.

    def check(self, session: BrokerSession, right: Right, destination: Destination) -> None:
        """Raise Refused unless the session's user may do this.

        Temporary destinations belong to who knows their names: they can't be guessed.
        """
        if not destination.is_temporary and not self.may(session.principal, right, destination.name):
            raise Refused(f"Access refused: not allowed to {right} {destination.name[:128]!r}")

    def check_new(self, session: BrokerSession, destination: Destination) -> None:
        """Raise Refused if the destination is not there, and the session's user may not create it."""
        if not self.engine.has(destination):
            self.check(session, Right.CREATE, destination)


def _limits_of_sessions(limits: LimitsConfig) -> tuple[FrameLimits, TransactionLimits]:
    """Return what is the same for every session."""
    frames = FrameLimits(
        headers=limits.headers,
        line_bytes=limits.header_line_bytes,
        block_bytes=limits.header_block_bytes,
        body_bytes=limits.body_bytes,
    )
    return frames, TransactionLimits(limits.transactions, limits.transaction_frames, limits.transaction_bytes)


class Answer:
    """The ``done`` of one frame, or of ACKs and NACKs that were one call: RECEIPT or ERROR."""

    __slots__ = ("_core", "_receipts", "_session")

    def __init__(self, core: Core, session: BrokerSession, *receipts: str | None) -> None:
        """Remember whom to answer; without a receipt only a refusal is answered."""
        self._core = core
        self._session = session
        self._receipts = receipts

    def __call__(self, refused: Refused | None) -> None:
        """Answer."""
        for receipt in self._receipts or (None,):
            if refused is not None:
                self._core.refuse(self._session, refused, receipt)
            elif receipt is not None and self._session.state is not State.CLOSED:
                self._session.receipt(receipt)


class Confirmation:
    """The ``confirm`` of a run: a RECEIPT for each frame that asked; ERROR for what was refused."""

    __slots__ = ("_at", "_core", "_receipts", "_session")

    def __init__(self, core: Core, session: BrokerSession, receipts: Sequence[tuple[int, str]]) -> None:
        """Remember whom to answer: ``receipts`` of those frames that asked, and their places in the run."""
        self._core = core
        self._session = session
        self._receipts = receipts
        self._at = 0

    def __call__(self, count: int, refused: Refused | None) -> None:
        """Answer for the next ``count`` frames."""
        start = self._at
        self._at = end = start + count
        if refused is None and not self._receipts:
            return
        session = self._session
        asked = [receipt for at, receipt in self._receipts if start <= at < end]
        if refused is None:
            for receipt in asked:
                if session.state is not State.CLOSED:
                    session.receipt(receipt)
            return
        for receipt in asked:
            self._core.refuse(session, refused, receipt)
        if not asked:
            self._core.refuse(session, refused)
