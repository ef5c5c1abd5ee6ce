"""The settings themselves: what a dataclass refuses, and what an address is."""

from collections.abc import Callable

import pytest

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
        (lambda: HeartBeatConfig(send_ms=-1), "send_ms must be at least 0"),
        (lambda: QueueConfig(prefetch=0), "prefetch must be at least 1"),
        (lambda: QueueConfig(redelivery_delay_seconds=-0.5), "redelivery_delay_seconds must be at least 0"),
        (lambda: TopicConfig(messages=0), "messages must be at least 1"),
        (lambda: AdmissionConfig(connections=0), "connections must be at least 1"),
        (lambda: AdmissionConfig(failed_logins_per_minute=0), "failed_logins_per_minute must be at least 1"),
        (lambda: AccessRule(pattern="/topic/a", rights=("reed",)), "rights must be among read, write"),
        (lambda: AccessRule(pattern="topic"), "pattern must start with /"),
        (lambda: AccessRule(user="", pattern="/topic/a"), "user must be a name"),
        (lambda: ServerConfig(stomp=(), http=()), "are all empty"),
        (lambda: ServerConfig(stomp=("61613",)), "stomp address '61613' is not host:port"),
        (lambda: ServerConfig(unix=("",)), "unix must be paths"),
        (lambda: ServerConfig(tls=("127.0.0.1:61614",)), "tls needs a certificate"),
        (lambda: ServerConfig(key="key.pem"), "key is of no use without a certificate"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_by_name(make: Callable[[], object], fault: str) -> None:
    with pytest.raises(ConfigError, match=fault):
        make()


@pytest.mark.parametrize(
    "make",
    [
        lambda address: ServerConfig(stomp=(address,)),
        lambda address: ServerConfig(tls=(address,), certificate="cert.pem"),
        lambda address: ServerConfig(http=(address,)),
    ],
)
def test_no_listener_goes_beyond_loopback_while_there_are_no_users(make: Callable[[str], object]) -> None:
    with pytest.raises(
        ConfigError, match=r"(stomp|tls|http) 0\.0\.0\.0:1 is beyond loopback.*--allow-anonymous"
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
