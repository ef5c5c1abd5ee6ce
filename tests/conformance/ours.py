"""Our own client's side of the conversation, for what STOMP asks of clients."""

from hoofbeat.protocol.client import ClientSession
from hoofbeat.protocol.heartbeat import NO_HEART_BEAT, HeartBeat
from tests.conformance.wire import START_SECONDS, frame

NOW = START_SECONDS


def client_of(version: str, heart_beat: HeartBeat = NO_HEART_BEAT, theirs: str = "0,0") -> ClientSession:
    """Return a session of ours that a server of that version has answered."""
    client = ClientSession(NOW, heart_beat=heart_beat)
    client.connect({"host": "example.org"}, NOW)
    client.feed(frame("CONNECTED", f"version:{version}", f"heart-beat:{theirs}"), NOW)
    return client
