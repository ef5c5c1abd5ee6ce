"""Who we say we are, and to whom it is safe to say it."""

import pytest

from hoofbeat.cli.login import broker_at

WARNING = (
    "the passcode goes to broker.example:61613 unencrypted, for all between to read: stomp+ssl:// hides it\n"
)


@pytest.mark.parametrize(
    ("url", "passcode", "warning"),
    [
        ("stomp://broker.example", "secret", WARNING),
        ("stomp://broker.example", None, ""),
        ("stomp+ssl://broker.example", "secret", ""),
        ("stomp://127.0.0.1", "secret", ""),
        ("stomp://localhost", "secret", ""),
        ("unix:/run/hoofbeat", "secret", ""),
    ],
)
def test_a_passcode_that_others_could_read_is_warned_of(
    capsys: pytest.CaptureFixture[str], url: str, passcode: str | None, warning: str
) -> None:
    broker_at(url, "ann", passcode, "")
    assert capsys.readouterr() == ("", warning)


def test_what_was_not_given_is_not_said() -> None:
    assert broker_at("stomp://localhost", "ann", None, "ca.pem")[1:] == ({"login": "ann"}, "ca.pem")
    assert broker_at("stomp://localhost", None, "", "").headers == {"passcode": ""}
