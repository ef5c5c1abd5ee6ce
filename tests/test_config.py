"""The settings themselves: what a dataclass refuses, and what an address is."""

from collections.abc import Callable

import pytest

from hoofbeat.broker.destination import parse
from hoofbeat.config import (
    AccessRule,
    AdmissionConfig,
    BrokerConfig,
    HeartBeatConfig,
    LimitsConfig,
    QueueConfig,
    ServerConfig,
    TopicConfig,
    is_loopback,
    split_address,
)
from hoofbeat.errors import ConfigError


@pytest.mark.parametrize(
    "group",
    [LimitsConfig, HeartBeatConfig, QueueConfig, TopicConfig, BrokerConfig, AdmissionConfig, ServerConfig],
)
def test_the_defaults_pass_their_own_checks(group: Callable[[], object]) -> None:
    group()


@pytest.mark.parametrize(
    ("make", "fault"),
    [
        (lambda: LimitsConfig(headers=0), "headers must be at least 1, not 0"),
        (lambda: LimitsConfig(header_line_bytes=63), "header_line_bytes must be at least 64"),
        (lambda: LimitsConfig(body_bytes=1_000_000_000), "body_bytes must be below"),
        (lambda: LimitsConfig(connect_seconds=0), "connect_seconds must be above 0, not 0"),
        (lambda: LimitsConfig(connect_seconds=float("nan")), "connect_seconds must be above 0, not nan"),
        (lambda: LimitsConfig(slow_seconds=-1), "slow_seconds must be above 0, not -1"),
        (lambda: LimitsConfig(slow_seconds=float("inf")), "slow_seconds must be above 0, not inf"),
        (lambda: LimitsConfig(hold_seconds=-1), "hold_seconds must be at least 0"),
        (lambda: LimitsConfig(hold_seconds=float("nan")), "hold_seconds must be at least 0, not nan"),
        (lambda: LimitsConfig(unsettled_bytes=0), "unsettled_bytes must be at least 1"),
        (lambda: LimitsConfig(transactions=-1), "transactions must be at least 0"),
        (lambda: LimitsConfig(transaction_frames=0), "transaction_frames must be at least 1"),
        (lambda: LimitsConfig(transaction_bytes=0), "transaction_bytes must be at least 1"),
        (lambda: LimitsConfig(destinations=0), "destinations must be at least 1"),
        (lambda: HeartBeatConfig(send_ms=-1), "send_ms must be at least 0"),
        (lambda: QueueConfig(prefetch=0), "prefetch must be at least 1"),
        (lambda: QueueConfig(redelivery_delay_seconds=-0.5), "redelivery_delay_seconds must be at least 0"),
        (
            lambda: QueueConfig(dead_letter_destination="dlq"),
            "dead_letter_destination must be empty or a queue, as",
        ),
        (
            lambda: QueueConfig(dead_letter_destination="/topic/x"),
            "dead_letter_destination must be empty or a queue",
        ),
        (
            lambda: QueueConfig(dead_letter_destination="/queue/" + "ü" * 509),
            "dead_letter_destination has a name over 1024 bytes",
        ),
        (
            lambda: QueueConfig(dead_letter_destination="/queue/a" + ".a" * 31),
            "dead_letter_destination has a name over 32 words",
        ),
        (
            lambda: QueueConfig(dead_letter_destination="/queue/"),
            "dead_letter_destination must be empty or a queue",
        ),
        (
            lambda: QueueConfig(dead_letter_destination="/queue/*"),
            "dead_letter_destination must be empty or a queue",
        ),
        (
            lambda: BrokerConfig(queues={"orders": QueueConfig()}),
            "queues must be by patterns that begin with",
        ),
        (lambda: BrokerConfig(queues={"/topic/a": QueueConfig()}), "begin with /queue/ or /temp-queue/, not"),
        (lambda: BrokerConfig(topics={"/queue/a": TopicConfig()}), "begin with /topic/ or /temp-topic/, not"),
        (lambda: BrokerConfig(name="a\nb"), "name must be one line of text"),
        (lambda: TopicConfig(messages=0), "messages must be at least 1"),
        (lambda: AdmissionConfig(connections=0), "connections must be at least 1"),
        (lambda: AdmissionConfig(failed_logins_per_minute=0), "failed_logins_per_minute must be at least 1"),
        (lambda: AdmissionConfig(tls_seconds=0), "tls_seconds must be above 0"),
        (lambda: AdmissionConfig(http_seconds=0), "http_seconds must be above 0"),
        (lambda: AdmissionConfig(http_headers=15), "http_headers must be at least 16"),
        (lambda: AdmissionConfig(http_headers=129), "http_headers must be at most 128"),
        (lambda: AdmissionConfig(http_head_bytes=1023), "http_head_bytes must be at least 1024"),
        (lambda: AdmissionConfig(memory_share=0), "memory_share must be above 0 and at most 1"),
        (lambda: AdmissionConfig(memory_share=1.1), "memory_share must be above 0 and at most 1"),
        (lambda: AccessRule(pattern="/topic/a", rights=("reed",)), "rights must be among read, write"),
        (lambda: AccessRule(pattern="topic"), "pattern must start with /"),
        (lambda: AccessRule(user="", pattern="/topic/a"), "user must be a name"),
        (lambda: ServerConfig(stomp=(), http=()), "are all empty"),
        (lambda: ServerConfig(stomp=("61613",)), "stomp address '61613' is not host:port"),
        (lambda: ServerConfig(unix=("",)), "unix must be paths"),
        (lambda: ServerConfig(tls=("127.0.0.1:61614",)), "tls needs a certificate"),
        (lambda: ServerConfig(https=("127.0.0.1:8443",)), "https needs a certificate"),
        (lambda: ServerConfig(proxies=("proxy.example",)), "proxies must be addresses or networks, as"),
        (lambda: ServerConfig(key="key.pem"), "key is of no use without a certificate"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_by_name(make: Callable[[], object], fault: str) -> None:
    with pytest.raises(ConfigError, match=fault):
        make()


def test_patterns_may_begin_with_a_wildcard_and_dead_letters_may_be_dropped() -> None:
    queue = QueueConfig(dead_letter_destination="")
    config = BrokerConfig(queues={"/**": queue, "/temp-queue/**": queue}, topics={"/*/a": TopicConfig()})
    assert list(config.queues) == ["/**", "/temp-queue/**"]


@pytest.mark.parametrize(
    "make",
    [
        lambda address: ServerConfig(stomp=(address,)),
        lambda address: ServerConfig(tls=(address,), certificate="cert.pem"),
        lambda address: ServerConfig(http=(address,)),
        lambda address: ServerConfig(https=(address,), certificate="cert.pem"),
    ],
)
def test_no_listener_goes_beyond_loopback_while_there_are_no_users(make: Callable[[str], object]) -> None:
    with pytest.raises(
        ConfigError, match=r"(stomp|tls|https?) 0\.0\.0\.0:1 is beyond loopback.*--allow-anonymous"
    ):
        make("0.0.0.0:1")


@pytest.mark.parametrize(
    "make",
    [
        lambda address: ServerConfig(stomp=(address,), users_file="users"),
        lambda address: ServerConfig(stomp=(address,), allow_anonymous=True),
    ],
)
def test_users_or_a_word_of_the_operator_open_the_door(make: Callable[[str], ServerConfig]) -> None:
    assert make("0.0.0.0:1").stomp == ("0.0.0.0:1",)


@pytest.mark.parametrize(
    ("address", "parts"),
    [
        ("127.0.0.1:0", ("127.0.0.1", 0)),
        ("localhost:65535", ("localhost", 65535)),
        ("[::1]:61613", ("::1", 61613)),
        ("example.org:1", ("example.org", 1)),
    ],
)
def test_an_address_is_a_host_and_a_port(address: str, parts: tuple[str, int]) -> None:
    assert split_address(address) == parts


@pytest.mark.parametrize("address", ["", ":1", "a", "a:", "a:b", "a:65536", "a:-1", "a:٣", "a:000001"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ConfigError, match=r"is not host:port, such as 127\.0\.0\.1:61613"):
        split_address(address)


def test_an_ipv6_address_without_brackets_is_refused_with_the_right_spelling() -> None:
    with pytest.raises(ConfigError, match=r"\[::1\]:61613"):
        split_address("::1:61613")


@pytest.mark.parametrize(
    ("host", "verdict"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.1", False),
        ("localhost.example.org", False),
    ],
)
def test_loopback_is_what_only_this_machine_reaches(host: str, verdict: bool) -> None:
    assert is_loopback(host) is verdict


@pytest.mark.parametrize("name", ["/queue/" + "d" * 1017, "/queue/a" + ".a" * 30])
def test_a_dead_letter_queue_may_be_called_what_any_queue_may(name: str) -> None:
    assert QueueConfig(dead_letter_destination=name).dead_letter_destination == parse(name).name
