"""``hoofbeat bench``, against a broker as its users start it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.cli.served import Served, serving
from tests.cli.test_main import outcome

Out = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make certificates and a socket's place."""
    folder = tmp_path_factory.mktemp("bench")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(folder / "cert.pem")
    return folder


@pytest.fixture(scope="module")
def served(folder: Path) -> Iterator[Served]:
    """Serve in every way there is, to anybody."""
    options = ("--stomp", "127.0.0.1:0", "--tls", "127.0.0.1:0", "--certificate", str(folder / "cert.pem"))
    web = ("--http", "127.0.0.1:0", "--unix", str(folder / "sock"))
    with serving(*options, *web, lines=5) as running:
        yield running


@pytest.fixture(scope="module")
def url(served: Served) -> str:
    """Return where it speaks plain STOMP."""
    return f"stomp://{served.address('stomp')}"


def found(capsys: Out, url: str, *arguments: str) -> dict[str, Any]:
    """Run a test that is good, without a warm-up; return its result."""
    code, out, err = outcome(capsys, "bench", "--url", url, "--warm-up", "0", "--json", *arguments)
    assert (code, err) == (0, "")
    result: dict[str, Any] = json.loads(out)
    assert result["good"]
    assert [result[what] for what in ("lost", "duplicated", "misordered", "receipts_missing")] == [0] * 4
    return result


def test_it_explains_itself(capsys: Out) -> None:
    code, out, _ = outcome(capsys, "bench", "--help")
    assert code == 0
    assert "Usage: hoofbeat bench" in out


def test_what_is_sent_is_received_and_measured(capsys: Out, url: str) -> None:
    result = found(capsys, url, "--count", "2000", "--destination", "/queue/count")
    assert (result["sent"], result["received"], result["checked"]) == (2000, 2000, 2000)
    marks = [result["latency_us"][mark] for mark in ("min", "p50", "p90", "p99", "p99.9", "max")]
    assert marks[0] > 0
    assert marks == sorted(marks)
    assert result["sent_per_second"] > 100
    assert result["broker"]["version"] == "1.2"


@pytest.mark.parametrize("way", ["stomp", "tls", "unix", "websocket"])
def test_every_way_in_carries_it(capsys: Out, served: Served, folder: Path, way: str) -> None:
    scheme = {"stomp": "stomp://", "tls": "stomp+ssl://", "unix": "unix:", "websocket": ""}[way]
    options = ("--ca", str(folder / "ca.pem"), "--size", "70000", "--destination", f"/queue/{way}")
    result = found(capsys, scheme + served.address(way), "--count", "300", *options)
    assert result["received"] == 300


@pytest.mark.parametrize("ack", ["auto", "client", "client-individual"])
def test_what_was_acknowledged_does_not_come_again(capsys: Out, url: str, ack: str) -> None:
    for _ in range(2):
        options = ("--ack", ack, "--destination", f"/queue/{ack}", "--window", "300")
        assert found(capsys, url, "--count", "1000", *options)["strangers"] == 0


def test_a_topic_gives_everybody_a_copy_and_a_queue_does_not(capsys: Out, url: str) -> None:
    many = ("--count", "400", "--subscribers", "4", "--publishers", "2")
    assert found(capsys, url, *many, "--destination", "/topic/shared")["received"] == 1600
    assert found(capsys, url, *many, "--destination", "/queue/shared")["received"] == 400


def test_pairs_have_a_destination_each(capsys: Out, url: str) -> None:
    pairs = ("--destination", "/topic/pair.%d", "--publishers", "3", "--subscribers", "3")
    assert found(capsys, url, "--count", "600", *pairs)["received"] == 600
    spare = ("--destination", "/topic/pair.%d", "--publishers", "5", "--subscribers", "3")
    assert found(capsys, url, "--count", "600", *spare)["received"] == 600


def test_receipts_are_measured(capsys: Out, url: str) -> None:
    result = found(capsys, url, "--count", "500", "--receipts-every", "7", "--publishers", "2")
    assert result["receipt_latency_us"]["p50"] > 0
    assert found(capsys, url, "--count", "500", "--receipts-every", "0")["receipt_latency_us"] is None


def test_without_subscribers_receipts_say_what_arrived(capsys: Out, url: str) -> None:
    result = found(capsys, url, "--count", "3000", "--subscribers", "0", "--destination", "/topic/nobody")
    assert (result["sent"], result["received"], result["latency_us"]) == (3000, 0, None)
    assert result["receipt_latency_us"]["p50"] > 0


def test_a_rate_is_kept(capsys: Out, url: str) -> None:
    result = found(capsys, url, "--count", "100", "--rate", "1000", "--publishers", "3")
    assert (result["sent"], result["window"], result["rate"]) == (100, None, 1000.0)
    assert 100 < result["sent_per_second"] <= 1000
    timed = found(capsys, url, "--seconds", "0.25", "--rate", "400")
    assert timed["sent"] == 100


def test_the_warm_up_is_checked_but_not_measured(capsys: Out, url: str) -> None:
    for pace in ((), ("--rate", "2000")):
        result = found(capsys, url, "--seconds", "0.2", "--warm-up", "0.1", *pace)
        assert result["checked"] > result["sent"] > 0
        assert result["received"] == result["sent"]


def test_the_report_says_what_was_done_and_what_came(capsys: Out, url: str) -> None:
    options = ("--count", "50", "--warm-up", "0", "--destination", "/queue/report", "--ack", "client")
    code, out, err = outcome(capsys, "bench", "--url", url, *options, "--receipts-every", "5")
    assert (code, err) == (0, "")
    for text in (
        "1 publisher → /queue/report → 1 subscriber",
        "128 bytes, ack client, a receipt every 5, up to 1,000 under way",
        "p50       p90       p99     p99.9       max",
        "✓ 50 messages came once and in order",
    ):
        assert text in out
    assert "\x1b" not in out
    assert max(map(len, out.splitlines())) <= 80


def test_headers_go_with_both_sides(capsys: Out, url: str) -> None:
    for header in ("selector:a =", "transaction:unknown"):  # what Hoofbeat refuses on SUBSCRIBE, on SEND
        options = ("--count", "100", "--warm-up", "0", "-H", header)
        code, out, err = outcome(capsys, "bench", "--url", url, *options)
        assert code == 1
        assert "refused" in out + err


def test_what_the_broker_refuses_is_one_line_and_1(capsys: Out, url: str) -> None:
    code, out, err = outcome(capsys, "bench", "--url", url, "--destination", "nowhere")
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert err.startswith("hoofbeat: refused: ")


def test_a_broker_that_is_not_there_is_one_line_and_1(capsys: Out, tmp_path: Path) -> None:
    code, out, err = outcome(capsys, "bench", "--url", f"unix:{tmp_path / 'none'}")
    assert (code, out) == (1, "")
    assert err == f"hoofbeat: {tmp_path / 'none'} can't be reached: no such file or directory\n"


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (("--seconds", "0"), "--count 0 and --seconds 0 would never end"),
        (("--size", "31"), "'--size'"),
        (("--url", "ws://:1/"), "'stomp://:1' is not stomp://host:port"),
        (("--url", "wss://a:b/"), "'stomp+ssl://a:b' is not stomp://host:port"),
    ],
)
def test_what_makes_no_sense_is_a_misuse(capsys: Out, arguments: tuple[str, ...], fault: str) -> None:
    code, out, err = outcome(capsys, "bench", *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert fault in err


def test_certificates_that_nobody_vouches_for_are_refused(capsys: Out, served: Served) -> None:
    code, _, err = outcome(capsys, "bench", "--url", f"stomp+ssl://{served.address('tls')}")
    assert (code, err.count("\n")) == (1, 1)
    assert "its certificate is not trusted" in err
