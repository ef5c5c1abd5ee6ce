"""CONNECT, STOMP and DISCONNECT: how a session begins and ends."""

from hoofbeat.broker.core import Core
from hoofbeat.broker.hold import Hold, HoldReason
from hoofbeat.broker.session import BrokerSession
from hoofbeat.broker.users import Credentials, Principal
from hoofbeat.errors import Refused, RemoteProtocolError
from hoofbeat.protocol.frames import Frame
from hoofbeat.protocol.heartbeat import HeartBeat
from hoofbeat.protocol.states import State
from hoofbeat.protocol.versions import SUPPORTED


def connect(core: Core, session: BrokerSession, frame: Frame) -> None:
    """Settle version and heart-beats, and have it found out who the client is.

    STOMP 1.2, "CONNECT or STOMP Frame".
    """
    configured = core.config.heart_beat
    try:
        ours = session.accept(
            frame, HeartBeat(configured.send_ms, configured.expect_ms), core.clock.now.monotonic
        )
    except RemoteProtocolError as fault:
        more = {"version": ",".join(SUPPORTED)} if fault.section == "Protocol Negotiation" else {}
        core.fail(session, fault, more)
        return
    headers = frame.headers
    asked = _Login(core, session, ours)
    core.authenticator.authenticate(
        Credentials(headers.get("login"), headers.get("passcode"), headers.get("host"), session.peer), asked
    )
    if not asked.is_answered:
        asked.wait()


class _Login:
    """Takes the authenticator's answer, whenever it comes."""

    __slots__ = ("_core", "_hold", "_ours", "_session", "is_answered")

    def __init__(self, core: Core, session: BrokerSession, ours: HeartBeat) -> None:
        self._core = core
        self._session = session
        self._ours = ours
        self._hold: Hold | None = None
        self.is_answered = False

    def wait(self) -> None:
        """Hold the session until the answer comes; the time to connect goes on."""
        self._hold = Hold(HoldReason.LOGIN, self._give_up)
        self._core.hold(self._session, self._hold, self._core.config.limits.connect_seconds)

    def __call__(self, principal: Principal | None) -> None:
        """Go on with CONNECTED or ERROR; only the first answer counts."""
        if self.is_answered:
            return
        self.is_answered = True
        self._answer(principal)
        if self._hold is not None:
            self._hold.end()
            self._core.wake()
        elif self._session.state is State.CONNECTED:
            self._core.release(self._session)

    def _answer(self, principal: Principal | None) -> None:
        core, session = self._core, self._session
        session.is_soft, is_soft = False, session.is_soft  # a failed login is the end in any case
        if principal is None:
            core.refuse(session, Refused("Access refused: login or passcode is wrong"))
            return
        if principal.is_proven and core.users.get(principal.name, 0) >= core.per_user:
            core.refuse(session, Refused(f"more than {core.per_user} connections of one user"))
            return
        session.is_soft = is_soft
        session.principal = principal
        if principal.is_proven:
            core.users[principal.name] = core.users.get(principal.name, 0) + 1
        session.connected(self._ours, core.config.name, principal.name or None)
        core.schedule(session)

    def _give_up(self) -> None:
        self.is_answered = True
        self._core.refuse(self._session, Refused("the login took too long"))


def disconnect(core: Core, session: BrokerSession, frame: Frame) -> None:
    """Answer the receipt, after everything before it is done, and close.

    STOMP 1.2, "DISCONNECT".
    """
    receipt = frame.headers.get("receipt")
    if receipt is not None:
        session.receipt(receipt)
    core.end(session)
