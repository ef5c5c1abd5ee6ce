"""Where a session stands, and what may come next: one table."""

from collections.abc import Mapping
from enum import Enum, auto

from hoofbeat.errors import RemoteProtocolError
from hoofbeat.protocol.commands import CLIENT_COMMANDS, Command


class State(Enum):
    """Where a session stands."""

    CONNECTING = auto()  # the stream is open, CONNECT has not come yet
    AUTHENTICATING = auto()  # CONNECT came; who it is is being found out, nothing else is read
    CONNECTED = auto()  # CONNECTED was sent
    DISCONNECTING = auto()  # DISCONNECT came: its receipt is the last frame we send
    CLOSED = auto()  # the stream is gone, or ERROR was its last frame


# State and command received -> next state. What is not listed is forbidden.
TRANSITIONS: Mapping[State, Mapping[Command, State]] = {
    State.CONNECTING: {
        Command.CONNECT: State.AUTHENTICATING,
        Command.STOMP: State.AUTHENTICATING,
    },
    State.AUTHENTICATING: {},  # ends by the authenticator's answer, not by a frame
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
    },
    State.DISCONNECTING: {},
    State.CLOSED: {},
}


def advance(state: State, command: Command) -> State:
    """Return the state that follows when ``command`` arrives in ``state``.

    Raises:
        RemoteProtocolError: the client may not send ``command`` now.
    """
    try:
        return TRANSITIONS[state][command]
    except KeyError:
        section = "Client Frames" if command in CLIENT_COMMANDS else "Server Frames"
        raise RemoteProtocolError(_forbidden(state, command), section=section) from None


def _forbidden(state: State, command: Command) -> str:
    if command not in CLIENT_COMMANDS:
        return f"Bad command {command.value}: only servers send it"
    return f"Bad command {command.value}: not allowed while {state.name.lower()}"
