"""Access by rules: who may do what, by name and by pattern."""

from collections.abc import Sequence

from hoofbeat.broker import patterns
from hoofbeat.broker.access import Right
from hoofbeat.broker.users import Principal
from hoofbeat.config import AccessRule
from hoofbeat.errors import ConfigError, Refused

USER = "{user}"

_REMEMBERED = 10_000
_ENCODED = str.maketrans({"/": "%2F", ".": "%2E", "%": "%25"})


class Rules:
    """Decides by the first rule that fits user and destination; what none fits is refused.

    Without rules everybody may do everything. ``{user}`` in a pattern is the user's own name as
    one word, taken literally: a ``/``, a ``.`` or a ``%`` in the name stands in the destination
    as ``%2F``, ``%2E`` or ``%25``, and a ``*`` is no wildcard. What is said of a user holds for
    who proved to be that user, not for who just claims it.
    """

    __slots__ = ("_memory", "_rules")

    def __init__(self, rules: Sequence[AccessRule]) -> None:
        """Read the patterns.

        Raises:
            ConfigError: one of them is none.
        """
        self._rules = [_Rule(rule) for rule in rules]
        self._memory: dict[tuple[Principal, str], frozenset[str]] = {}

    def may(self, principal: Principal, right: Right, destination: str) -> bool:
        """Say whether ``principal`` has ``right`` on ``destination``."""
        if not self._rules:
            return True
        key = (principal, destination)
        rights = self._memory.get(key)
        if rights is None:
            if len(self._memory) >= _REMEMBERED:
                self._memory.clear()
            rights = self._memory[key] = self._decide(principal, destination)
        return right in rights

    def _decide(self, principal: Principal, destination: str) -> frozenset[str]:
        if destination.startswith("/"):
            words = patterns.split(destination)
            for rule in self._rules:
                if rule.fits(principal, words):
                    return rule.rights
        return frozenset()


class _Rule:
    """One rule, its pattern taken apart."""

    __slots__ = ("_user", "_words", "rights")

    def __init__(self, rule: AccessRule) -> None:
        self.rights = frozenset(rule.rights)
        self._user = rule.user
        self._words = _words(rule.pattern)

    def fits(self, principal: Principal, words: Sequence[str]) -> bool:
        """Say whether the rule is about that user and that destination."""
        name = principal.name if principal.is_proven else ""
        if self._user not in ("*", name):
            return False
        return _fits(self._words, words, name.translate(_ENCODED) or None)


def _words(pattern: str) -> list[str]:
    try:
        words = patterns.check(pattern)
    except Refused as refusal:
        raise ConfigError(f"access: {pattern!r}: {refusal}") from None
    for word in words:
        if USER in word and word[1:] != USER:
            raise ConfigError(f"access: {pattern!r}: {USER} must be a whole word")
        if "*" in word and word[1:] not in ("*", "**"):
            raise ConfigError(f"access: {pattern!r}: * and ** must be whole words")
    return words


def _fits(pattern: Sequence[str], words: Sequence[str], user: str | None) -> bool:
    """Match word by word; time is the product of both lengths, whatever the wildcards.

    ``starts`` holds how many words of the destination can be covered by the pattern so far.
    """
    starts = {0}
    for piece in pattern:
        separator, word = piece[0], piece[1:]
        follows = {at for at in starts if at < len(words) and words[at][0] == separator}
        if word == "**":
            first = min(follows, default=len(words))
            starts |= set(range(first + 1, len(words) + 1))
        elif word == "*":
            starts = {at + 1 for at in follows}
        else:
            wanted = user if word == USER else word
            starts = {at + 1 for at in follows if words[at][1:] == wanted}
    return len(words) in starts
