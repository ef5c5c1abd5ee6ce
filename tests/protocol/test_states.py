"""Where a session stands: every step is in the table."""

import pytest

from hoofbeat.errors import LocalProtocolError, RemoteProtocolError
from hoofbeat.protocol.commands import Command
from hoofbeat.protocol.states import TRANSITIONS, Event, State, advance


@pytest.mark.parametrize("state", State)
def test_every_state_has_a_row(state: State) -> None:
    assert state in TRANSITIONS


@pytest.mark.parametrize("state", State)
def test_every_session_can_be_closed(state: State) -> None:
    assert advance(state, Event.CLOSED) is State.CLOSED


@pytest.mark.parametrize("state", State)
def test_only_who_was_asked_for_can_be_accepted(state: State) -> None:
    if state is State.AUTHENTICATING:
        assert advance(state, Event.ACCEPTED) is State.CONNECTED
    else:
        with pytest.raises(LocalProtocolError, match=f"accepted while {state.name.lower()}"):
            advance(state, Event.ACCEPTED)


@pytest.mark.parametrize("state", [State.AUTHENTICATING, State.DISCONNECTING, State.CLOSED])
@pytest.mark.parametrize("command", Command)
def test_no_frame_leads_out_of_the_other_states(state: State, command: Command) -> None:
    with pytest.raises(RemoteProtocolError, match=f"Bad command {command.value}:"):
        advance(state, command)


def test_a_frame_of_servers_is_told_as_one() -> None:
    with pytest.raises(RemoteProtocolError, match="only servers send it") as raised:
        advance(State.CONNECTED, Command.MESSAGE)
    assert raised.value.section == "Server Frames"
