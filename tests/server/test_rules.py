"""Who may do what, by rules."""

import pytest

from hoofbeat.broker.access import Right
from hoofbeat.broker.users import ANONYMOUS, Principal
from hoofbeat.config import AccessRule
from hoofbeat.errors import ConfigError
from hoofbeat.server.rules import Rules

ANN = Principal("ann", is_proven=True)
BOB = Principal("bob", is_proven=True)


def fits(pattern: str, destination: str, principal: Principal = ANN) -> bool:
    """Say whether a rule with that pattern is about that destination."""
    return Rules([AccessRule(pattern=pattern, rights=("read",))]).may(principal, Right.READ, destination)


def test_without_rules_everybody_may_do_everything() -> None:
    assert all(Rules(()).may(ANONYMOUS, right, "/queue/a") for right in Right)


def test_once_there_are_rules_what_none_of_them_fits_is_refused() -> None:
    rules = Rules([AccessRule(user="ann", pattern="/topic/a", rights=("read",))])
    assert rules.may(ANN, Right.READ, "/topic/a")
    assert not rules.may(ANN, Right.READ, "/topic/b")
    assert not rules.may(BOB, Right.READ, "/topic/a")


@pytest.mark.parametrize("right", Right)
def test_a_rule_grants_the_rights_it_lists_and_no_other(right: Right) -> None:
    rules = Rules([AccessRule(pattern="/topic/a", rights=(right,))])
    assert [other for other in Right if rules.may(ANN, other, "/topic/a")] == [right]


def test_the_first_rule_that_fits_decides_even_if_it_refuses() -> None:
    rules = Rules(
        [
            AccessRule(pattern="/topic/secret"),
            AccessRule(user="ann", pattern="/topic/**", rights=("read", "write")),
            AccessRule(pattern="/topic/**", rights=("read",)),
        ]
    )
    assert not rules.may(ANN, Right.READ, "/topic/secret")
    assert rules.may(ANN, Right.WRITE, "/topic/a")
    assert rules.may(BOB, Right.READ, "/topic/a")
    assert not rules.may(BOB, Right.WRITE, "/topic/a")


def test_the_answer_is_the_same_when_it_is_asked_again() -> None:
    rules = Rules([AccessRule(user="ann", pattern="/topic/a", rights=("read",))])
    for _ in range(2):
        assert [rules.may(who, Right.READ, "/topic/a") for who in (ANN, BOB)] == [True, False]
        assert not rules.may(ANN, Right.WRITE, "/topic/a")


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hoofbeat.server.rules._REMEMBERED", 2)
    rules = Rules([AccessRule(pattern="/topic/*", rights=("read",))])
    assert all(rules.may(ANN, Right.READ, f"/topic/{number}") for number in range(5))


@pytest.mark.parametrize(
    ("pattern", "destination"),
    [
        ("/topic/a", "/topic/a"),
        ("/topic/*", "/topic/a"),
        ("/topic/*/c", "/topic/b/c"),
        ("/topic/a.*", "/topic/a.b"),
        ("/topic/**", "/topic"),
        ("/topic/**", "/topic/a"),
        ("/topic/**", "/topic/a/b.c"),
        ("/topic/a.**", "/topic/a.b.c"),
        ("/topic/**/z", "/topic/z"),
        ("/topic/**/z", "/topic/a/z/b/z"),
        ("/**/a/**", "/topic/a/a/b"),
        ("/**", "/anything/at.all"),
    ],
)
def test_a_pattern_fits(pattern: str, destination: str) -> None:
    assert fits(pattern, destination)


@pytest.mark.parametrize(
    ("pattern", "destination"),
    [
        ("/topic/a", "/topic/b"),
        ("/topic/a", "/topic/a/b"),
        ("/topic/a", "/topic"),
        ("/topic/*", "/topic"),
        ("/topic/*", "/topic/a/b"),
        ("/topic/a.*", "/topic/a/b"),
        ("/topic/a/*", "/topic/a.b"),
        ("/topic/**", "/topics/a"),
        ("/topic/**", "/topic.a"),
        ("/topic/a.**", "/topic/a/b"),
        ("/topic/**/z", "/topic/a/b"),
        ("/**", "nonsense"),
        ("/**", ""),
    ],
)
def test_a_pattern_does_not_fit(pattern: str, destination: str) -> None:
    assert not fits(pattern, destination)


@pytest.mark.parametrize(
    ("name", "destination"),
    [
        ("ann", "/queue/ann/inbox"),
        ("*", "/queue/*/inbox"),
        ("a/b", "/queue/a%2Fb/inbox"),
        ("ann@example.org", "/queue/ann@example%2Eorg/inbox"),
        ("100%", "/queue/100%25/inbox"),
    ],
)
def test_the_users_name_is_put_in_as_one_literal_word(name: str, destination: str) -> None:
    assert fits("/queue/{user}/inbox", destination, Principal(name, is_proven=True))


@pytest.mark.parametrize(
    ("name", "destination"),
    [
        ("ann", "/queue/bob/inbox"),
        ("*", "/queue/bob/inbox"),
        ("**", "/queue/a/b/inbox"),
        ("a/b", "/queue/a/b/inbox"),
        ("a.b", "/queue/a.b/inbox"),
        ("a%2Fb", "/queue/a%2Fb/inbox"),
        ("{user}", "/queue/ann/inbox"),
    ],
)
def test_a_name_is_no_pattern(name: str, destination: str) -> None:
    assert not fits("/queue/{user}/inbox", destination, Principal(name, is_proven=True))


@pytest.mark.parametrize(
    "principal", [ANONYMOUS, Principal("ann", is_proven=False), Principal("", is_proven=True)]
)
def test_who_proved_nothing_has_what_everybody_has(principal: Principal) -> None:
    rules = Rules(
        [
            AccessRule(user="ann", pattern="/topic/a", rights=("read",)),
            AccessRule(pattern="/queue/{user}", rights=("read",)),
            AccessRule(pattern="/topic/b", rights=("read",)),
        ]
    )
    allowed = [
        name
        for name in ("/topic/a", "/queue/ann", "/queue/", "/topic/b")
        if rules.may(principal, Right.READ, name)
    ]
    assert allowed == ["/topic/b"]


def test_a_pattern_has_the_limits_of_every_pattern() -> None:
    with pytest.raises(ConfigError, match=r"access: '/\*\*/\*\*': wildcard pattern with two"):
        Rules([AccessRule(pattern="/**/**")])


@pytest.mark.parametrize("pattern", ["/queue/in-{user}", "/queue/{user}x", "/topic/a*", "/topic/***"])
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(ConfigError, match="whole word"):
        Rules([AccessRule(pattern=pattern)])
