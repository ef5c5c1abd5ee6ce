"""Every error of Hoofbeat, under one root: whose fault it was, and which section was broken."""


class HoofbeatError(Exception):
    """Root of the tree: catch this to catch everything of ours."""


class ConfigError(HoofbeatError):
    """The configuration can't be used: the message says where, what, and what would do."""


class StoreError(HoofbeatError):
    """What is kept on disk can't be used, or not safely: the message says where, what, and what to do."""


class StoreInUse(StoreError):  # noqa: N818 - what it is; nobody calls it StoreInUseError
    """Another process has what is kept on disk open."""


class ProtocolError(HoofbeatError):
    """STOMP was violated. Use one of the two subclasses, which say by whom.

    Attributes:
        summary: one line without secrets, fit for the ERROR frame's ``message`` header.
        section: heading of the specification that was broken.
    """

    def __init__(self, summary: str, *, section: str) -> None:
        """Keep the parts, so that nobody has to take the text apart."""
        super().__init__(summary)
        self.summary = summary
        self.section = section

    def __str__(self) -> str:
        """Name the fault and where the specification speaks of it."""
        return f"{self.summary} (STOMP 1.2, {self.section!r})"


class RemoteProtocolError(ProtocolError):
    """The peer broke the protocol: answer ERROR, then close."""


class LocalProtocolError(ProtocolError):
    """Our own caller asked for a frame STOMP forbids here. Nothing was sent."""


class Refused(HoofbeatError):  # noqa: N818 - what happened to a frame; nobody calls it RefusedError
    """The frame could be read, and the broker will not do what it asks.

    Answered by ERROR and the close; a session that asked for soft errors stays open.

    Attributes:
        summary: the first words are those that clients of other brokers know.
        detail: what to do about it, and which section asks for it, for the body of the ERROR; may be empty.
        section: heading of the specification that was not heeded; empty where it does not speak of it.
    """

    def __init__(self, summary: str, *, detail: str = "", section: str = "") -> None:
        """Keep the parts, so that nobody has to take the text apart."""
        super().__init__(summary)
        self.summary = summary
        self.detail = f"{detail or summary} (STOMP 1.2, {section!r})" if section else detail
        self.section = section
