"""Where a session stands, and what may come next: one table."""

from collections.abc import Mapping
from enum import Enum, auto

from hoofbeat.errors import LocalProtocolError, RemoteProtocolError
from hoofbeat.protocol.commands import CLIENT_COMMANDS, Command


class State(Enum):
    """Where a session stands."""

    CONNECTING = auto()  # the stream is open, CONNECT has not come yet
    AUTHENTICATING = auto()  # CONNECT came; who it is is being found out, nothing else is read
    CONNECTED = auto()  # CONNECTED was sent
    DISCONNECTING = auto()  # DISCONNECT came: its receipt is the last frame we send
    CLOSED = auto()  # the stream is gone, or ERROR was its last frame


class Event(Enum):
    """What leads a session to another state without a frame of its client."""

    ACCEPTED = auto()  # the authenticator said who it is
    CLOSED = auto()  # the stream is gone, or ERROR or the last RECEIPT was sent


# State and command received, or event -> next state. What is not listed is forbidden.
TRANSITIONS: Mapping[State, Mapping[Command | Event, State]] = {
    State.CONNECTING: {
        Command.CONNECT: State.AUTHENTICATING,
        Command.STOMP: State.AUTHENTICATING,
        Event.CLOSED: State.CLOSED,
    },
    State.AUTHENTICATING: {
        Event.ACCEPTED: State.CONNECTED,
        Event.CLOSED: State.CLOSED,
    },
    State.CONNECTED: {
        Command.SEND: State.CONNECTED,
        Command.SUBSCRIBE: State.CONNECTED,
        Command.UNSUBSCRIBE: State.CONNECTED,
        Command.ACK: State.CONNECTED,
        Command.NACK: State.CONNECTED,
        Command.BEGIN: State.CONNECTED,
        Command.COMMIT: State.CONNECTED,
        Command.ABORT: State.CONNECTED,
        Command.DISCONNECT: State.DISCONNECTING,
        Event.CLOSED: State.CLOSED,
    },
    State.DISCONNECTING: {Event.CLOSED: State.CLOSED},
    State.CLOSED: {Event.CLOSED: State.CLOSED},
}


def advance(state: State, what: Command | Event) -> State:
    """Return the state that follows when a command arrives in ``state``, or an event happens.

    Raises:
        RemoteProtocolError: the client may not send that command now.
        LocalProtocolError: the event can't happen now.
    """
    try:
        return TRANSITIONS[state][what]
    except KeyError:
        raise _forbidden(state, what) from None


def _forbidden(state: State, what: Command | Event) -> RemoteProtocolError | LocalProtocolError:
    if isinstance(what, Event):
        return LocalProtocolError(f"{what.name.lower()} while {state.name.lower()}", section="Connecting")
    if what not in CLIENT_COMMANDS:
        return RemoteProtocolError(f"Bad command {what}: only servers send it", section="Server Frames")
    return RemoteProtocolError(
        f"Bad command {what}: not allowed while {state.name.lower()}", section="Client Frames"
    )
