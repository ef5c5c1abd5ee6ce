"""Settings of a server: listeners, users, and how many are let in. The root of the configuration."""

from dataclasses import dataclass, field
from enum import StrEnum

from hoofbeat.config.addresses import check_network, is_loopback, split_address
from hoofbeat.config.broker import BrokerConfig
from hoofbeat.config.checks import above_zero, at_least
from hoofbeat.errors import ConfigError

_ENCRYPTED = ("tls", "https")
_MOST_HTTP_HEADERS = 128  # the handshake of a WebSocket is read by a library that takes no more


class LogLevel(StrEnum):
    """How much is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class ForwardedHeader(StrEnum):
    """Where a proxy says whom it forwards for."""

    X_FORWARDED_FOR = "x-forwarded-for"
    FORWARDED = "forwarded"


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
        accepts_per_second: connections taken in from everywhere but this machine.
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
        at_least(1, connections=self.connections, per_address=self.per_address, per_user=self.per_user)
        at_least(1, accepts_per_second=self.accepts_per_second)
        at_least(1, accepts_per_second_per_address=self.accepts_per_second_per_address)
        at_least(1, failed_logins_per_minute=self.failed_logins_per_minute)
        above_zero(tls_seconds=self.tls_seconds, http_seconds=self.http_seconds)
        at_least(16, http_headers=self.http_headers)
        at_least(1024, http_head_bytes=self.http_head_bytes)
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
        https: addresses for the same, encrypted; WebSocket is ``wss`` there.
        certificate: PEM file for ``tls`` and ``https``, with its chain.
        key: PEM file of its private key; empty where the certificate's file holds it.
        origins: pages elsewhere that may open a WebSocket, as ``https://example.org``; pages of
            our own may anyway; ``*`` stands for any.
        hosts: names we answer to over HTTP, without port; loopback names and the addresses
            we listen on are known anyway; ``*`` stands for any.
        proxies: addresses or networks of proxies, as ``10.0.0.0/8``, whose word is taken for whom
            they forward a WebSocket: limits and logins go by that address.
        forwarded_header: where they say it. With ``x-forwarded-for``, ``X-Forwarded-Proto`` says how
            the client came.
        data: directory in which durable queues are kept, made where it is not there; empty keeps
            nothing when the server ends.
        pages: whether the chat page is served at ``/``.
        users_file: users and their hashed passwords, as ``hoofbeat passwd`` writes it; empty
            takes any login at its word.
        allow_anonymous: whether clients without a login are let in where there are users, and
            whether we may listen beyond loopback where there are none.
        allow_plaintext_passwords: whether passwords may come over a connection that is neither
            encrypted nor local.
        log_level: what is logged on standard error, and what is graver; ``debug`` says who comes
            and goes.
        access: who may do what; without rules everybody may do everything.
        limits: how many are let in.
        broker: what happens to messages.
    """

    stomp: tuple[str, ...] = ("127.0.0.1:61613",)
    tls: tuple[str, ...] = ()
    unix: tuple[str, ...] = ()
    http: tuple[str, ...] = ("127.0.0.1:8080",)
    https: tuple[str, ...] = ()
    certificate: str = ""
    key: str = ""
    origins: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    proxies: tuple[str, ...] = ()
    forwarded_header: ForwardedHeader = ForwardedHeader.X_FORWARDED_FOR
    data: str = ""
    pages: bool = True
    users_file: str = ""
    allow_anonymous: bool = False
    allow_plaintext_passwords: bool = False
    log_level: LogLevel = LogLevel.INFO
    access: tuple[AccessRule, ...] = ()
    limits: AdmissionConfig = AdmissionConfig()
    broker: BrokerConfig = field(default_factory=BrokerConfig)

    def __post_init__(self) -> None:
        """Refuse addresses that are none, TLS without a certificate, and an open door."""
        listeners = {"stomp": self.stomp, "tls": self.tls, "http": self.http, "https": self.https}
        if not (self.unix or any(listeners.values())):
            raise ConfigError(f"unix, {', '.join(listeners)} are all empty: name an address for one of them")
        for name, addresses in listeners.items():
            for address in addresses:
                self._check(name, address)
            if name in _ENCRYPTED and addresses and not self.certificate:
                raise ConfigError(f"{name} needs a certificate: name its file in certificate")
        if "" in self.unix:
            raise ConfigError("unix must be paths, and one of them is empty")
        for network in self.proxies:
            check_network("proxies", network)
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
