"""Names we answer to, and pages that may open a WebSocket."""

import pytest

from hoofbeat.transports.sites import Authority, Sites, authority


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:8080",
        "127.0.0.1",
        "127.0.0.1:8080",
        "127.8.9.1",
        "[::1]:8080",
        "chat.localhost:1",
    ],
)
def test_loopback_names_are_known(host: str) -> None:
    assert Sites().is_known(host)


@pytest.mark.parametrize(
    "host",
    [
        None,
        "",
        "example.org",
        "localhost.example.org",
        "127.0.0.1.example.org",
        "10.0.0.1",
        "[fe80::1]",
        "::1",
        "a b",
        "x:y",
        "u@localhost",
    ],
)
def test_any_other_name_is_not(host: str | None) -> None:
    assert not Sites().is_known(host)


@pytest.mark.parametrize("host", ["chat.example.org", "CHAT.example.org:443", "chat.example.org."])
def test_configured_names_are_known(host: str) -> None:
    assert Sites(hosts=["Chat.Example.org"]).is_known(host)


def test_any_name_is_known_where_the_list_says_so() -> None:
    assert Sites(hosts=["*"]).is_known("example.org")


def test_addresses_are_known_beyond_loopback_because_they_cannot_be_rebound() -> None:
    sites = Sites(is_public=True)
    assert sites.is_known("10.0.0.1:8080")
    assert sites.is_known("[2001:db8::1]")
    assert not sites.is_known("rebound.example.org")


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://localhost:8080", "localhost:8080"),
        ("https://chat.example.org", "chat.example.org"),
        ("https://chat.example.org", "chat.example.org:443"),
        ("http://chat.example.org:80", "chat.example.org"),
        ("https://CHAT.example.org", "chat.example.org"),
        ("http://[::1]:8080", "[::1]:8080"),
        (None, "localhost:8080"),
    ],
)
def test_our_own_pages_and_what_is_no_browser_are_welcome(origin: str | None, host: str) -> None:
    assert Sites().is_welcome(origin, host)


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "http://localhost:9999",
        "http://localhost",
        "null",
        "",
        "file://",
        "localhost:8080",
        "ftp://localhost:8080",
    ],
)
def test_pages_elsewhere_are_not(origin: str) -> None:
    assert not Sites().is_welcome(origin, "localhost:8080")


def test_listed_origins_are_welcome() -> None:
    sites = Sites(origins=["https://app.example.org/"])
    assert sites.is_welcome("https://app.example.org", "localhost:8080")
    assert not sites.is_welcome("http://app.example.org", "localhost:8080")


def test_any_origin_is_welcome_where_the_list_says_so() -> None:
    assert Sites(origins=["*"]).is_welcome("null", "localhost:8080")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a", Authority("a", None)),
        ("a:1", Authority("a", 1)),
        ("[::1]", Authority("::1", None)),
        ("[::1]:65535", Authority("::1", 65535)),
        ("a:", Authority("a", None)),
        ("a:b", None),
        ("a:123456", None),
        ("::1", None),
        ("a/b", None),
        (":80", None),
    ],
)
def test_authorities(text: str, parts: Authority | None) -> None:
    assert authority(text) == parts
