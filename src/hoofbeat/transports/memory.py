"""A transport without a network: what would be sent is kept in a list."""


class MemoryOutlet:
    """Remembers what a connection does to it.

    Attributes:
        written: every chunk, in order.
        is_reading: whether more may be taken from the peer.
        closed: whether it was closed or aborted.
        aborted: whether it was aborted.
    """

    def __init__(self) -> None:
        """Start open, with nothing written."""
        self.written: list[bytes] = []
        self.is_reading = True
        self.closed = False
        self.aborted = False

    def write(self, chunks: list[bytes]) -> None:
        """Keep the chunks; after the close they are lost."""
        if not self.closed:
            self.written += chunks

    def pause_reading(self) -> None:
        """Note it."""
        self.is_reading = False

    def resume_reading(self) -> None:
        """Note it."""
        self.is_reading = True

    def close(self) -> None:
        """Note it."""
        self.closed = True

    def abort(self) -> None:
        """Note it."""
        self.closed = self.aborted = True
