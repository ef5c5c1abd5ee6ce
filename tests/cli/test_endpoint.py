"""What a broker's URL may be."""

import pytest

from hoofbeat.cli.endpoint import Endpoint, parse
from hoofbeat.errors import ConfigError


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("stomp://127.0.0.1:61613", Endpoint("127.0.0.1", 61613)),
        ("stomp://example.org", Endpoint("example.org", 61613)),
        ("stomp://example.org:1/", Endpoint("example.org", 1)),
        ("stomp://[::1]:2", Endpoint("::1", 2)),
        ("stomp+ssl://example.org", Endpoint("example.org", 61614, is_encrypted=True)),
        ("stomps://example.org:3", Endpoint("example.org", 3, is_encrypted=True)),
        ("unix:/run/hoofbeat", Endpoint("", 0, "/run/hoofbeat")),
        ("unix:///run/hoofbeat", Endpoint("", 0, "/run/hoofbeat")),
        ("unix:here", Endpoint("", 0, "here")),
    ],
)
def test_a_url_is_read(url: str, endpoint: Endpoint) -> None:
    assert parse(url) == endpoint


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:61613",
        "http://a",
        "stomp://",
        "stomp://a:x",
        "stomp://a:99999",
        "stomp://a/b",
        "stomp://[a",
        "unix:",
    ],
)
def test_another_url_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="is not stomp://host:port"):
        parse(url)


@pytest.mark.parametrize("url", ["stomp://ann@a", "stomp://ann:secret@a", "stomp://:secret@a"])
def test_a_passcode_does_not_belong_into_a_url(url: str) -> None:
    with pytest.raises(ConfigError, match="HOOFBEAT_PASSCODE") as caught:
        parse(url)
    assert "secret" not in str(caught.value)


def test_an_endpoint_shows_as_one_would_type_it() -> None:
    assert [str(parse(url)) for url in ("stomp://a:1", "unix:/run/b")] == ["a:1", "/run/b"]
