"""From words to an expression: JMS's subset of SQL-92, by recursive descent."""

from collections.abc import Sequence
from typing import Final

from hoofbeat.broker.selecting.expressions import (
    ALL,
    ANY,
    Among,
    Arithmetic,
    Constant,
    DeliveryMode,
    Equal,
    Expression,
    Header,
    Joined,
    Like,
    Negative,
    Not,
    Ordered,
    Unknown,
)
from hoofbeat.broker.selecting.lexer import Kind, Word, refuse
from hoofbeat.broker.selecting.likeness import Likeness
from hoofbeat.broker.selecting.values import Sort, Value

MOST_TERMS = 256  # headers and literals
MOST_DEPTH = 32  # of brackets, NOTs and signs
MOST_SEARCHES = 8  # LIKEs with `_` between two `%`: each reads the whole header character by character

MESSAGE_ID: Final = "message-id"

# What JMS calls a header, and what STOMP does; the value where SEND had none.
_HEADERS: Final = {
    "JMSCorrelationID": ("correlation-id", None),
    "JMSDestination": ("destination", None),
    "JMSMessageID": (MESSAGE_ID, None),
    "JMSPriority": ("priority", "4"),
    "JMSReplyTo": ("reply-to", None),
    "JMSTimestamp": ("timestamp", None),
    "JMSType": ("type", None),
}
_WORDS_OF: Final = {
    Sort.TRUTH: "a condition",
    Sort.NUMBER: "a number",
    Sort.TEXT: "a text",
    Sort.HEADER: "a header",
}


class Parser:
    """Reads one selector.

    Attributes:
        names: headers that it looks at.
        terms: headers and literals so far.
    """

    __slots__ = ("_at", "_depth", "_searches", "_words", "names", "terms")

    def __init__(self, words: Sequence[Word]) -> None:
        """Begin with the first word."""
        self._words = words
        self._at = 0
        self._depth = 0
        self.terms = 0
        self._searches = 0
        self.names: set[str] = set()

    def parse(self) -> Expression:
        """Return the condition that all words make.

        Raises:
            Refused: they make none.
        """
        at = self._word.at
        condition = self._or()
        if self._word.kind is not Kind.END:
            raise self._unexpected("AND, OR or the end")
        _check(condition, at, Sort.TRUTH)
        return condition

    # What stands between conditions.

    def _or(self) -> Expression:
        at = self._word.at
        first = self._and()
        if not self._is("OR"):
            return first
        _check(first, at, Sort.TRUTH)
        conditions = [first]
        while self._skip("OR"):
            at = self._word.at
            conditions.append(self._and())
            _check(conditions[-1], at, Sort.TRUTH)
        return Joined(conditions, ANY)

    def _and(self) -> Expression:
        at = self._word.at
        first = self._not()
        if not self._is("AND"):
            return first
        _check(first, at, Sort.TRUTH)
        conditions = [first]
        while self._skip("AND"):
            at = self._word.at
            conditions.append(self._not())
            _check(conditions[-1], at, Sort.TRUTH)
        return Joined(conditions, ALL)

    def _not(self) -> Expression:
        if not self._skip("NOT"):
            return self._predicate()
        self._deepen()
        at = self._word.at
        condition = self._not()
        _check(condition, at, Sort.TRUTH)
        self._depth -= 1
        return Not(condition)

    # Conditions.

    def _predicate(self) -> Expression:
        at = self._word.at
        left = self._sum()
        if self._word.kind is Kind.SIGN and self._word.text in ("=", "<>", "<", "<=", ">", ">="):
            return self._comparison(left, at)
        if self._skip("IS"):
            is_not = self._skip("NOT")
            self._expect("NULL")
            return _turned(Unknown(left), is_not)
        is_not = self._is("NOT")
        if is_not:
            self._at += 1
        if self._skip("BETWEEN"):
            return _turned(self._between(left, at), is_not)
        if self._skip("IN"):
            return _turned(Among(left, self._list()), is_not)
        if self._skip("LIKE"):
            _check(left, at, Sort.TEXT)
            return _turned(Like(left, self._pattern()), is_not)
        if is_not:
            raise self._unexpected("BETWEEN, IN or LIKE")
        return left

    def _comparison(self, left: Expression, at: int) -> Expression:
        sign = self._next()
        right_at = self._word.at
        right = self._sum()
        if sign.text in ("=", "<>"):
            if left.sort is not right.sort and Sort.HEADER not in (left.sort, right.sort):
                what = f"{_WORDS_OF[left.sort]} {sign.text} {_WORDS_OF[right.sort]}, which is never true,"
                raise refuse(what, sign.at)
            return _turned(Equal(left, right), sign.text == "<>")
        _check(left, at, Sort.NUMBER)
        _check(right, right_at, Sort.NUMBER)
        return Ordered(sign.text, left, right)

    def _between(self, subject: Expression, at: int) -> Expression:
        _check(subject, at, Sort.NUMBER)
        low = self._bound()
        self._expect("AND")
        high = self._bound()
        return Joined([Ordered(">=", subject, low), Ordered("<=", subject, high)], ALL)

    def _bound(self) -> Expression:
        at = self._word.at
        bound = self._sum()
        _check(bound, at, Sort.NUMBER)
        return bound

    def _list(self) -> list[Value]:
        self._expect("(")
        constants = [self._constant()]
        while self._skip(","):
            constants.append(self._constant())
        self._expect(")")
        return constants

    def _constant(self) -> Value:
        sign = -1 if self._skip("-") else 1
        word = self._word
        if word.kind is Kind.NUMBER and isinstance(word.constant, int | float):
            self._count()
            return sign * word.constant
        if word.kind is Kind.TEXT and sign > 0:
            self._count()
            return word.constant
        raise self._unexpected("a text or a number")

    def _pattern(self) -> Likeness:
        word = self._word
        pattern, escape = self._text(), ""
        if self._skip("ESCAPE"):
            at = self._word.at
            escape = self._text()
            if len(escape) != 1:
                raise refuse("ESCAPE wants one character, in quotes,", at)
        try:
            likeness = Likeness(pattern, escape)
        except ValueError as error:
            raise refuse(f"LIKE: {error}", word.at) from None
        self._searches += likeness.is_searched
        if self._searches > MOST_SEARCHES:
            raise refuse(f"more than {MOST_SEARCHES} LIKEs with _ between two %", word.at)
        return likeness

    def _text(self) -> str:
        constant = self._word.constant
        if not isinstance(constant, str):
            raise self._unexpected("a text in quotes")
        self._count()
        return constant

    # Values.

    def _sum(self) -> Expression:
        at = self._word.at
        left = self._product()
        while self._word.kind is Kind.SIGN and self._word.text in ("+", "-"):
            left = self._arithmetic(left, at, is_sum=True)
        return left

    def _product(self) -> Expression:
        at = self._word.at
        left = self._signed()
        while self._word.kind is Kind.SIGN and self._word.text in ("*", "/"):
            left = self._arithmetic(left, at, is_sum=False)
        return left

    def _arithmetic(self, left: Expression, at: int, *, is_sum: bool) -> Expression:
        operator = self._next().text
        right_at = self._word.at
        right = self._product() if is_sum else self._signed()
        _check(left, at, Sort.NUMBER)
        _check(right, right_at, Sort.NUMBER)
        return Arithmetic(operator, left, right)

    def _signed(self) -> Expression:
        if not (self._is("-") or self._is("+")):
            return self._primary()
        self._deepen()
        sign = self._next()
        at = self._word.at
        number = self._signed()
        _check(number, at, Sort.NUMBER)
        self._depth -= 1
        return Negative(number) if sign.text == "-" else number

    def _primary(self) -> Expression:
        word = self._word
        if self._skip("("):
            self._deepen()
            inner = self._or()
            self._expect(")")
            self._depth -= 1
            return inner
        if self._is("TRUE") or self._is("FALSE"):
            self._count()
            return Constant(word.text == "TRUE", Sort.TRUTH)
        if word.kind is Kind.NUMBER or word.kind is Kind.TEXT:
            self._count()
            return Constant(word.constant, Sort.NUMBER if word.kind is Kind.NUMBER else Sort.TEXT)
        if word.kind is not Kind.NAME:
            raise self._unexpected("a header, a text or a number")
        self._count()
        return self._named(word.text)

    def _named(self, name: str) -> Expression:
        if name == "JMSDeliveryMode":
            return DeliveryMode()
        header, default = _HEADERS.get(name, (name, None))
        self.names.add(header)
        return Header(header, default)

    # Words.

    @property
    def _word(self) -> Word:
        return self._words[self._at]

    def _next(self) -> Word:
        self._at += 1
        return self._words[self._at - 1]

    def _is(self, text: str) -> bool:
        word = self._words[self._at]
        return word.text == text and (word.kind is Kind.SIGN or word.kind is Kind.KEYWORD)

    def _skip(self, text: str) -> bool:
        if not self._is(text):
            return False
        self._at += 1
        return True

    def _expect(self, text: str) -> None:
        if not self._skip(text):
            raise self._unexpected(text)

    def _unexpected(self, wanted: str) -> Exception:
        word = self._word
        found = word.text if word.kind is Kind.END else repr(word.text[:32])
        return refuse(f"{found} where {wanted} should stand", word.at)

    def _count(self) -> None:
        """Take in one more header or literal."""
        self.terms += 1
        if self.terms > MOST_TERMS:
            raise refuse(f"more than {MOST_TERMS} headers and literals", self._word.at)
        self._at += 1

    def _deepen(self) -> None:
        self._depth += 1
        if self._depth > MOST_DEPTH:
            raise refuse(f"more than {MOST_DEPTH} brackets, NOTs and signs within each other", self._word.at)


def _turned(condition: Expression, is_not: bool) -> Expression:
    return Not(condition) if is_not else condition


def _check(expression: Expression, at: int, wanted: Sort) -> None:
    """Refuse an expression that can't be what is wanted, whatever the headers."""
    if expression.sort is not wanted and expression.sort is not Sort.HEADER:
        raise refuse(f"{_WORDS_OF[expression.sort]} where {_WORDS_OF[wanted]} should stand", at)
