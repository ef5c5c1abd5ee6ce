"""Configuration: default, unit, check and documentation of every setting, said once."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address
from math import isfinite

from hoofbeat.errors import ConfigError

_MOST_HTTP_HEADERS = 128  # the handshake of a WebSocket is read by a library that takes no more
_QUEUE = re.compile(r"/queue/[^,*]+")


def _at_least(least: float, **values: float) -> None:
    for name, value in values.items():
        if not isfinite(value) or value < least:
            raise ConfigError(f"{name} must be at least {least:g}, not {value:g}")


def _above_zero(**values: float) -> None:
    for name, value in values.items():
        if not isfinite(value) or value <= 0:
            raise ConfigError(f"{name} must be above 0, not {value:g}")


def _check_patterns(name: str, patterns: Iterable[str], *kinds: str) -> None:
    """Refuse patterns that could match nothing of their kind; the broker says how long they may be."""
    for pattern in patterns:
        slash, _, rest = pattern.partition("/")
        if slash or rest.partition("/")[0] not in (*kinds, "*", "**"):
            known = " or ".join(f"/{kind}/" for kind in kinds)
            raise ConfigError(f"{name} must be by patterns that begin with {known}, not {pattern!r}")


class SlowReader(StrEnum):
    """What becomes of messages for a reader of a topic that does not keep up."""

    CLOSE = "close"
    DROP_OLDEST = "drop-oldest"
    DROP_NEWEST = "drop-newest"
    KEEP_LATEST = "keep-latest"


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsConfig:
    """What a peer can make the broker hold.

    Attributes:
        headers: in one frame.
        header_line_bytes: of one header line.
        header_block_bytes: of all header lines of a frame.
        body_bytes: of one frame, once authenticated.
        outbox_bytes: what waits for one slow reader.
        slow_seconds: how long a reader may take nothing.
        subscriptions: of one session.
        prefetch: highest number of unsettled deliveries a subscription may ask for.
        unsettled_bytes: of the unsettled deliveries of one subscription.
        transactions: open in one session; 0 allows none.
        transaction_frames: in one transaction.
        transaction_bytes: of the bodies in one transaction.
        connect_seconds: from the first byte to the end of CONNECT.
        hold_seconds: how long a publisher waits for room before it is refused; 0 refuses at once.
        destinations: topics and queues that exist at one time.
    """

    headers: int = 100
    header_line_bytes: int = 8 * 1024
    header_block_bytes: int = 64 * 1024
    body_bytes: int = 16 * 1024 * 1024
    outbox_bytes: int = 512 * 1024
    slow_seconds: float = 10.0
    subscriptions: int = 256
    prefetch: int = 1000
    unsettled_bytes: int = 8 * 1024 * 1024
    transactions: int = 16
    transaction_frames: int = 1000
    transaction_bytes: int = 8 * 1024 * 1024
    connect_seconds: float = 10.0
    hold_seconds: float = 10.0
    destinations: int = 100_000

    def __post_init__(self) -> None:
        """Refuse what would lock everybody out."""
        _at_least(1, headers=self.headers, prefetch=self.prefetch, subscriptions=self.subscriptions)
        _at_least(1, unsettled_bytes=self.unsettled_bytes, destinations=self.destinations)
        _at_least(1, transaction_frames=self.transaction_frames, transaction_bytes=self.transaction_bytes)
        _at_least(64, header_line_bytes=self.header_line_bytes, header_block_bytes=self.header_block_bytes)
        _at_least(0, body_bytes=self.body_bytes, outbox_bytes=self.outbox_bytes)
        _at_least(0, transactions=self.transactions, hold_seconds=self.hold_seconds)
        _above_zero(connect_seconds=self.connect_seconds, slow_seconds=self.slow_seconds)
        if self.body_bytes > 999_999_999:
            raise ConfigError(f"body_bytes must be below 1,000,000,000, not {self.body_bytes}")


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartBeatConfig:
    """Heart-beats, as CONNECTED offers them.

    Attributes:
        send_ms: we send at least this often; 0 for never.
        expect_ms: we ask the client to send at least this often; 0 for never. A browser tab in
            the background manages no more than one a minute.
        least_ms: shortest interval we agree to.
    """

    send_ms: int = 10_000
    expect_ms: int = 60_000
    least_ms: int = 1_000

    def __post_init__(self) -> None:
        """Refuse negative intervals."""
        _at_least(0, send_ms=self.send_ms, expect_ms=self.expect_ms, least_ms=self.least_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueConfig:
    """How a queue treats its consumers and publishers.

    Attributes:
        prefetch: deliveries a subscription may hold unsettled, unless it asks for another number.
        redeliveries: attempts after the first before a message becomes a dead letter.
        redelivery_delay_seconds: pause before a NACKed message is offered again; above zero its
            order is given up.
        dead_letter_destination: the queue that dead letters go to; empty drops them.
        messages: ready ones at one time; then publishers are held.
        bytes: of all messages that are ready.
    """

    prefetch: int = 100
    redeliveries: int = 9
    redelivery_delay_seconds: float = 0.0
    dead_letter_destination: str = "/queue/dead-letters"
    messages: int = 100_000
    bytes: int = 1024 * 1024 * 1024

    def __post_init__(self) -> None:
        """Refuse a queue that could hold or deliver nothing."""
        _at_least(1, prefetch=self.prefetch, messages=self.messages, bytes=self.bytes)
        _at_least(0, redeliveries=self.redeliveries, redelivery_delay_seconds=self.redelivery_delay_seconds)
        where = self.dead_letter_destination
        if where and not _QUEUE.fullmatch(where):
            raise ConfigError(
                f"dead_letter_destination must be empty or a queue, such as /queue/dead-letters, not {where!r}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicConfig:
    """How a topic treats its subscribers.

    Attributes:
        slow_reader: what happens to one that does not keep up: ``close`` sends it ERROR.
        messages: kept at one time for one that settles its deliveries, or under another policy
            than ``close``.
        bytes: of those messages.
    """

    slow_reader: SlowReader = SlowReader.CLOSE
    messages: int = 1000
    bytes: int = 512 * 1024

    def __post_init__(self) -> None:
        """Refuse a topic that could keep nothing."""
        _at_least(1, messages=self.messages, bytes=self.bytes)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerConfig:
    """The broker, whatever its listeners.

    Attributes:
        name: what CONNECTED says in ``server``.
        limits: what a peer can make us hold.
        heart_beat: what we offer.
        queue: for every queue that ``queues`` does not name.
        topic: for every topic that ``topics`` does not name.
        queues: by pattern, such as ``/queue/orders.*``; the first that matches counts.
        topics: by pattern, such as ``/topic/**``; the first that matches counts.
    """

    name: str = "hoofbeat"
    limits: LimitsConfig = LimitsConfig()
    heart_beat: HeartBeatConfig = HeartBeatConfig()
    queue: QueueConfig = QueueConfig()
    topic: TopicConfig = TopicConfig()
    queues: Mapping[str, QueueConfig] = field(default_factory=dict)
    topics: Mapping[str, TopicConfig] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse patterns that nothing can match, and a name that is no header."""
        _check_patterns("queues", self.queues, "queue", "temp-queue")
        _check_patterns("topics", self.topics, "topic", "temp-topic")
        if not self.name.isprintable():
            raise ConfigError(f"name must be one line of text, not {self.name!r}")


RIGHTS = ("read", "write", "create", "delete")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRule:
    """What a user may do with destinations.

    The first rule that fits both user and destination decides, whatever it says; once there are
    rules, what none of them fits is refused.

    Attributes:
        user: a name, of who proved to have it; ``*`` fits everyone, the anonymous too.
        pattern: of destinations; ``{user}`` in it stands for the user's own name, as one word: its
            ``/``, ``.`` and ``%`` are written ``%2F``, ``%2E`` and ``%25``.
        rights: any of ``read``, ``write``, ``create``, ``delete``; none refuses everything.
    """

    user: str = "*"
    pattern: str
    rights: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse rights that do not exist, and rules that could fit nothing."""
        for right in self.rights:
            if right not in RIGHTS:
                raise ConfigError(f"rights must be among {', '.join(RIGHTS)}, not {right!r}")
        if not self.user:
            raise ConfigError("user must be a name, or * for everyone")
        if not self.pattern.startswith("/"):
            raise ConfigError(f"pattern must start with /, not {self.pattern!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmissionConfig:
    """How many are let in, how long they may take about it, and how much memory all of them may use.

    What counts per address does not count loopback and Unix sockets.

    Attributes:
        connections: at one time.
        per_address: connections at one time from one address.
        per_user: connections at one time of one user who proved who it is.
        accepts_per_second: connections taken in, from everywhere.
        accepts_per_second_per_address: connections taken in from one address.
        failed_logins_per_minute: from one address; after that its logins have to wait.
        tls_seconds: for the handshake of TLS.
        http_seconds: for a request's head to come, and how long who asked may take nothing of the
            answer; the request that opens a WebSocket is one of them.
        http_headers: in one request over HTTP; at most 128.
        http_head_bytes: of one request's head.
        memory_share: of the memory there is, which may be a container's; above it publishers are
            held.
    """

    connections: int = 10_000
    per_address: int = 100
    per_user: int = 50
    accepts_per_second: int = 1000
    accepts_per_second_per_address: int = 20
    failed_logins_per_minute: int = 5
    tls_seconds: float = 5.0
    http_seconds: float = 10.0
    http_headers: int = 128
    http_head_bytes: int = 64 * 1024
    memory_share: float = 0.6

    def __post_init__(self) -> None:
        """Refuse what would lock everybody out."""
        _at_least(1, connections=self.connections, per_address=self.per_address, per_user=self.per_user)
        _at_least(1, accepts_per_second=self.accepts_per_second)
        _at_least(1, accepts_per_second_per_address=self.accepts_per_second_per_address)
        _at_least(1, failed_logins_per_minute=self.failed_logins_per_minute)
        _above_zero(tls_seconds=self.tls_seconds, http_seconds=self.http_seconds)
        _at_least(16, http_headers=self.http_headers)
        _at_least(1024, http_head_bytes=self.http_head_bytes)
        if self.http_headers > _MOST_HTTP_HEADERS:
            raise ConfigError(f"http_headers must be at most {_MOST_HTTP_HEADERS}, not {self.http_headers}")
        if not 0.0 < self.memory_share <= 1.0:
            raise ConfigError(f"memory_share must be above 0 and at most 1, not {self.memory_share:g}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfig:
    """A broker and its listeners: the root of the configuration file.

    An address is ``host:port``; port 0 picks a free one, and ``[::1]:61613`` is how IPv6 is
    written. An empty list turns a listener off.

    Attributes:
        stomp: addresses for STOMP over TCP.
        tls: addresses for STOMP over TLS.
        unix: paths of Unix sockets for STOMP.
        http: addresses for the pages, ``/healthz``, and STOMP over WebSocket at ``/stomp``.
        certificate: PEM file for ``tls``, with its chain.
        key: PEM file of its private key; empty where the certificate's file holds it.
        origins: pages elsewhere that may open a WebSocket, as ``https://example.org``; pages of
            our own may anyway; ``*`` stands for any.
        hosts: names we answer to over HTTP, without port; loopback names and the addresses
            we listen on are known anyway; ``*`` stands for any.
        pages: whether the chat page is served at ``/``.
        users_file: users and their hashed passwords, as ``hoofbeat passwd`` writes it; empty
            takes any login at its word.
        allow_anonymous: whether clients without a login are let in where there are users, and
            whether we may listen beyond loopback where there are none.
        allow_plaintext_passwords: whether passwords may come over a connection that is neither
            encrypted nor local.
        access: who may do what; without rules everybody may do everything.
        limits: how many are let in.
        broker: what happens to messages.
    """

    stomp: tuple[str, ...] = ("127.0.0.1:61613",)
    tls: tuple[str, ...] = ()
    unix: tuple[str, ...] = ()
    http: tuple[str, ...] = ("127.0.0.1:8080",)
    certificate: str = ""
    key: str = ""
    origins: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    pages: bool = True
    users_file: str = ""
    allow_anonymous: bool = False
    allow_plaintext_passwords: bool = False
    access: tuple[AccessRule, ...] = ()
    limits: AdmissionConfig = AdmissionConfig()
    broker: BrokerConfig = BrokerConfig()

    def __post_init__(self) -> None:
        """Refuse addresses that are none, TLS without a certificate, and an open door."""
        if not (self.stomp or self.tls or self.unix or self.http):
            raise ConfigError("stomp, tls, unix and http are all empty: name an address for one of them")
        for name, addresses in (("stomp", self.stomp), ("tls", self.tls), ("http", self.http)):
            for address in addresses:
                self._check(name, address)
        if "" in self.unix:
            raise ConfigError("unix must be paths, and one of them is empty")
        if self.tls and not self.certificate:
            raise ConfigError("tls needs a certificate: name its file in certificate")
        if self.key and not self.certificate:
            raise ConfigError("key is of no use without a certificate: name its file in certificate")

    def _check(self, name: str, address: str) -> None:
        try:
            host, _ = split_address(address)
        except ConfigError as error:
            raise ConfigError(f"{name} {error}") from None
        if not (self.users_file or self.allow_anonymous or is_loopback(host)):
            raise ConfigError(
                f"{name} {address} is beyond loopback, and there are no users: name a users_file"
                " (--users FILE), or let everybody in with allow_anonymous (--allow-anonymous)"
            )


def split_address(address: str) -> tuple[str, int]:
    """Take ``host:port`` apart; an IPv6 address loses its brackets.

    Raises:
        ConfigError: it is not an address.
    """
    host, colon, port = address.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ConfigError(f"address {address!r} needs brackets around its host: [{host}]:{port}")
    if not (colon and host and port.isascii() and port.isdigit() and len(port) <= 5 and int(port) < 65536):
        raise ConfigError(f"address {address!r} is not host:port, such as 127.0.0.1:61613")
    return host, int(port)


def is_loopback(host: str) -> bool:
    """Say whether only this machine can reach ``host``; of names only ``localhost`` is."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
