"""CONNECT, STOMP and DISCONNECT: how a session begins and ends."""

from hoofbeat.broker.core import Core
from hoofbeat.broker.engine import ignore
from hoofbeat.broker.hold import Hold, HoldReason
from hoofbeat.broker.session import BrokerSession
from hoofbeat.broker.users import Credentials, Principal
from hoofbeat.config import HeartBeatConfig
from hoofbeat.errors import Refused, RemoteProtocolError
from hoofbeat.protocol.frames import Frame
from hoofbeat.protocol.heartbeat import HeartBeat
from hoofbeat.protocol.states import State
from hoofbeat.protocol.versions import SUPPORTED


def connect(core: Core, session: BrokerSession, frame: Frame) -> None:
    """Settle version and heart-beats, and have it found out who the client is.

    STOMP 1.2, "CONNECT or STOMP Frame".
    """
    try:
        ours = session.accept(frame, _offered(core.config.heart_beat), core.clock.now.monotonic)
    except RemoteProtocolError as fault:
        more = {"version": ",".join(SUPPORTED)} if fault.section == "Protocol Negotiation" else {}
        core.fail(session, fault, more)
        return
    headers = frame.headers
    session.client_id = headers.get("client-id") or ""
    asked = _Login(core, session, ours, is_soft=headers.get("hoofbeat-soft-errors") == "true")
    core.authenticator.authenticate(
        Credentials(headers.get("login"), headers.get("passcode"), headers.get("host"), session.peer), asked
    )
    if not asked.is_answered:
        asked.wait()


def _offered(config: HeartBeatConfig) -> HeartBeat:
    """Return what CONNECTED offers: the larger interval counts, so none becomes shorter than ours."""
    send_ms, expect_ms = config.send_ms, config.expect_ms
    return HeartBeat(send_ms and max(send_ms, config.least_ms), expect_ms and max(expect_ms, config.least_ms))


class _Login:
    """Takes the authenticator's answer, whenever it comes."""

    __slots__ = ("_core", "_hold", "_is_soft", "_ours", "_session", "is_answered")

    def __init__(self, core: Core, session: BrokerSession, ours: HeartBeat, *, is_soft: bool) -> None:
        self._core = core
        self._session = session
        self._ours = ours
        self._is_soft = is_soft
        self._hold: Hold | None = None
        self.is_answered = False

    def wait(self) -> None:
        """Hold the session until the answer comes; the time to connect goes on."""
        self._hold = Hold(HoldReason.LOGIN, self._give_up)
        passed = self._core.clock.now.monotonic - self._session.opened_at
        self._core.hold(self._session, self._hold, self._core.config.limits.connect_seconds - passed)

    def __call__(self, principal: Principal | None) -> None:
        """Go on with CONNECTED, or ERROR and the end; only the first answer counts."""
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
        if principal is None:
            core.refuse(session, Refused("Access refused: login or passcode is wrong"))
            return
        if principal.is_proven and core.users.get(principal.name, 0) >= core.per_user:
            core.refuse(session, Refused(f"more than {core.per_user} connections of one user"))
            return
        session.is_soft = self._is_soft
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
    for subscription in session.leave():
        core.engine.detach(subscription, ignore)
    core.engine.sync(_Farewell(core, session, frame.headers.get("receipt")))


class _Farewell:
    """The ``done`` of DISCONNECT: RECEIPT, and the end."""

    __slots__ = ("_core", "_receipt", "_session")

    def __init__(self, core: Core, session: BrokerSession, receipt: str | None) -> None:
        self._core = core
        self._session = session
        self._receipt = receipt

    def __call__(self, refused: Refused | None) -> None:
        """Answer, unless the stream is gone already."""
        if self._session.state is State.CLOSED:
            return
        if self._receipt is not None:
            self._session.receipt(self._receipt)
        self._core.end(self._session)
