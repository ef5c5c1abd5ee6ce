"""A selector: the text of a ``selector`` header, ready to be asked about messages."""

from typing import Final

from hoofbeat.broker.selecting.expressions import Expression
from hoofbeat.broker.selecting.lexer import refuse, words_of
from hoofbeat.broker.selecting.parser import MESSAGE_ID, Parser
from hoofbeat.broker.selecting.values import truth_of

MOST_CHARACTERS = 4096
# What other brokers want in front of what holds here anyway: headers that read as numbers are numbers.
_CONVERTING: Final = "convert_string_expressions:"
_HYPHENATED: Final = "hyphenated_props:"


class Selector:
    """A condition on the headers of a message.

    Attributes:
        text: as it was written.
        terms: headers and literals in it: what one answer costs.
        is_per_message: it asks for the message id, which no two messages share.
    """

    __slots__ = ("_condition", "is_per_message", "terms", "text")

    def __init__(self, text: str, condition: Expression, names: set[str], terms: int) -> None:
        """Keep what :meth:`parse` made of the text."""
        self.text = text
        self.terms = terms
        self.is_per_message = MESSAGE_ID in names
        self._condition = condition

    @staticmethod
    def parse(text: str) -> "Selector":
        """Read a selector.

        Raises:
            Refused: it is none, or too long, too deep or too large; the refusal says where.
        """
        if len(text) > MOST_CHARACTERS:
            raise refuse(f"more than {MOST_CHARACTERS} characters", MOST_CHARACTERS + 1)
        start = len(_CONVERTING) if text.startswith(_CONVERTING) else 0
        hyphens = text.startswith(_HYPHENATED, start)
        if hyphens:
            start += len(_HYPHENATED)
        parser = Parser(words_of(text, start=start, hyphens=hyphens))
        condition = parser.parse()
        return Selector(text, condition, parser.names, parser.terms)

    def matches(self, headers: dict[str, str]) -> bool:
        """Say whether the condition is true of these headers; unknown is not true."""
        return truth_of(self._condition.value(headers)) is True
