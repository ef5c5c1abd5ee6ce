"""Whom a proxy speaks for, and when it is believed."""

import time

import pytest
from websockets.datastructures import Headers

from hoofbeat.broker.users import Peer
from hoofbeat.config import ForwardedHeader
from hoofbeat.transports.proxies import Proxies

NEAR = Peer("http", "127.0.0.1", 40_000, True, False)
FAR = Peer("http", "10.0.0.7", 40_000, False, False)
SECONDS = 1.0  # far more than it takes; backtracking took 17
PROXIES = Proxies(["127.0.0.1", "10.0.0.0/8", "2001:db8:5::/48"])
FORWARDED = Proxies(["127.0.0.1", "10.0.0.0/8"], ForwardedHeader.FORWARDED)


def client(value: str, peer: Peer = NEAR, proxies: Proxies = PROXIES, **more: str) -> Peer:
    name = "Forwarded" if proxies is FORWARDED else "X-Forwarded-For"
    headers = Headers({name: value})
    for other, text in more.items():
        headers[other.replace("_", "-")] = text
    return proxies.client_of(peer, headers)


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("198.51.100.9, 192.0.2.1", "192.0.2.1"),
        ("127.0.0.1, 192.0.2.1,10.1.2.3 , 10.0.0.2", "192.0.2.1"),
        ("192.0.2.1:4711", "192.0.2.1"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("2001:db8::1, 2001:db8:5::9", "2001:db8::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("192.0.2.1, unknown", ""),
        ("192.0.2.1,", ""),
        ("secret.example", ""),
    ],
)
def test_the_last_one_that_is_not_listed_is_the_client(value: str, address: str) -> None:
    assert client(value)[:4] == ("http", address, 0, False)


def test_several_headers_are_one_list() -> None:
    headers = Headers([("X-Forwarded-For", "198.51.100.9"), ("X-Forwarded-For", "192.0.2.1")])
    assert PROXIES.client_of(NEAR, headers).address == "192.0.2.1"


@pytest.mark.parametrize("peer", [Peer("http", "192.0.2.9", 1, False, False), Peer("unix", "", 0, True)])
def test_who_is_not_listed_speaks_for_itself(peer: Peer) -> None:
    assert client("127.0.0.1", peer) == peer


def test_where_nobody_is_listed_nobody_is_believed() -> None:
    assert client("192.0.2.1", proxies=Proxies()) == NEAR


@pytest.mark.parametrize("value", ["", " "])
def test_a_proxy_that_names_nobody_speaks_for_itself(value: str) -> None:
    assert client(value) == NEAR
    assert PROXIES.client_of(NEAR, Headers()) == NEAR


def test_only_the_configured_header_is_looked_at() -> None:
    """Proxies pass on what they do not write themselves: the other header is the client's own."""
    assert PROXIES.client_of(NEAR, Headers({"Forwarded": "for=192.0.2.1"})) == NEAR
    assert FORWARDED.client_of(NEAR, Headers({"X-Forwarded-For": "192.0.2.1"})) == NEAR


def test_a_client_beside_the_proxy_is_on_this_machine_only_if_the_proxy_is() -> None:
    assert client("127.0.0.1", NEAR).is_local
    assert not client("127.0.0.1", FAR).is_local
    assert not client("192.0.2.1", NEAR).is_local


def test_a_client_is_encrypted_if_nobody_on_the_whole_way_can_listen() -> None:
    assert client("192.0.2.1", NEAR, X_Forwarded_Proto="https").is_encrypted
    assert client("192.0.2.1", NEAR, X_Forwarded_Proto="http, wss").is_encrypted
    assert not client("192.0.2.1", NEAR, X_Forwarded_Proto="https, http").is_encrypted
    assert not client("192.0.2.1", NEAR).is_encrypted
    assert not client("192.0.2.1", FAR, X_Forwarded_Proto="https").is_encrypted
    assert client("192.0.2.1", FAR._replace(is_encrypted=True), X_Forwarded_Proto="https").is_encrypted
    assert not client("192.0.2.1", FAR._replace(is_encrypted=True)).is_encrypted


@pytest.mark.parametrize(
    ("value", "address", "is_encrypted"),
    [
        ("for=192.0.2.1", "192.0.2.1", False),
        ("for=198.51.100.9;proto=https, For=192.0.2.1 ; proto=http;by=10.0.0.1", "192.0.2.1", False),
        ('proto=HTTPS;for="[2001:db8::1]:4711"', "2001:db8::1", True),
        ('for="192.0.2.1:80";host="evil,for=127.0.0.1"', "192.0.2.1", False),
        ('for=192.0.2.1;host="a\\"b,for=127.0.0.1;"', "192.0.2.1", False),
        ("for=192.0.2.1, for=10.0.0.2", "192.0.2.1", False),
        ("for=192.0.2.1, for=_hidden", "", False),
        ("for=192.0.2.1, by=10.0.0.1", "", False),
        ("for=192.0.2.1, ", "", False),
    ],
)
def test_forwarded_says_the_same_in_other_words(value: str, address: str, is_encrypted: bool) -> None:
    found = client(value, proxies=FORWARDED)
    assert (found.address, found.is_encrypted) == (address, is_encrypted)


@pytest.mark.parametrize("value", ['for=192.0.2.1;host="a', '"', '", for=192.0.2.1', '"for"', "for", ","])
def test_forwarded_that_can_not_be_read_is_not_the_word_of_the_proxy_about_itself(value: str) -> None:
    """A client may send a beginning that spoils what the proxy adds."""
    assert client(value, proxies=FORWARDED)[1:4] == ("", 0, False)


def test_forwarded_that_is_empty_names_nobody() -> None:
    assert client(" ", proxies=FORWARDED) == NEAR


def test_quotes_without_end_are_read_in_no_more_than_their_own_time() -> None:
    begun = time.monotonic()
    assert client('for=192.0.2.1, "' + '\\"' * 30_000, proxies=FORWARDED).address == ""
    assert time.monotonic() - begun < SECONDS
