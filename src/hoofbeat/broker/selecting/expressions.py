"""The parts of a selector: each knows what it comes to for the headers of a message."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Final

from hoofbeat.broker.durability import is_persistent
from hoofbeat.broker.selecting.likeness import Likeness
from hoofbeat.broker.selecting.values import Sort, Value, bounded, is_equal, number_of, truth_of


class Expression:
    """A part of a selector.

    Attributes:
        sort: what can be said of it before there are headers.
    """

    __slots__ = ("sort",)

    def __init__(self, sort: Sort) -> None:
        """Say what it will come to."""
        self.sort = sort

    @abstractmethod
    def value(self, headers: dict[str, str]) -> Value:
        """Return what it comes to for these headers; None for what is unknown, which SQL calls NULL."""
        ...


class Constant(Expression):
    """A literal."""

    __slots__ = ("constant",)

    def __init__(self, constant: Value, sort: Sort) -> None:
        """Keep the value."""
        super().__init__(sort)
        self.constant = constant

    def value(self, headers: dict[str, str]) -> Value:
        """Return the literal."""
        return self.constant


class Header(Expression):
    """An identifier: the header of that name."""

    __slots__ = ("_default", "_name")

    def __init__(self, name: str, default: str | None = None) -> None:
        """Name a header, and what holds where it is missing."""
        super().__init__(Sort.HEADER)
        self._name = name
        self._default = default

    def value(self, headers: dict[str, str]) -> Value:
        """Return the header, unknown where it is missing."""
        text = headers.get(self._name)
        return self._default if text is None else text


class DeliveryMode(Expression):
    """JMS's word for whether a message is ``persistent``."""

    __slots__ = ()

    def __init__(self) -> None:
        """Make it; all are the same."""
        super().__init__(Sort.TEXT)

    def value(self, headers: dict[str, str]) -> Value:
        """Return one of JMS's two names."""
        return "PERSISTENT" if is_persistent(headers) else "NON_PERSISTENT"


class Negative(Expression):
    """A number with its sign changed."""

    __slots__ = ("_number",)

    def __init__(self, number: Expression) -> None:
        """Keep the number."""
        super().__init__(Sort.NUMBER)
        self._number = number

    def value(self, headers: dict[str, str]) -> Value:
        """Return the negative number; unknown where the header is no number."""
        number = number_of(self._number.value(headers))
        return None if number is None else bounded(-number)


class Arithmetic(Expression):
    """Two numbers, and ``+``, ``-``, ``*`` or ``/`` between them."""

    __slots__ = ("_left", "_operator", "_right")

    def __init__(self, operator: str, left: Expression, right: Expression) -> None:
        """Keep the parts."""
        super().__init__(Sort.NUMBER)
        self._operator = operator
        self._left = left
        self._right = right

    def value(self, headers: dict[str, str]) -> Value:
        """Return the result; unknown where a header is no number, or the divisor is zero.

        A whole number divided by another gives a whole one, rounded towards zero, as in JMS.
        """
        left, right = number_of(self._left.value(headers)), number_of(self._right.value(headers))
        if left is None or right is None:
            return None
        if self._operator == "+":
            return bounded(left + right)
        if self._operator == "-":
            return bounded(left - right)
        if self._operator == "*":
            return bounded(left * right)
        if right == 0:
            return None
        if isinstance(left, int) and isinstance(right, int):
            quotient = abs(left) // abs(right)
            return bounded(quotient if (left < 0) == (right < 0) else -quotient)
        return left / right


class Equal(Expression):
    """``=``."""

    __slots__ = ("_left", "_right")

    def __init__(self, left: Expression, right: Expression) -> None:
        """Keep the parts."""
        super().__init__(Sort.TRUTH)
        self._left = left
        self._right = right

    def value(self, headers: dict[str, str]) -> Value:
        """Compare; values of different sorts are not equal."""
        return is_equal(self._left.value(headers), self._right.value(headers))


class Ordered(Expression):
    """``<``, ``<=``, ``>`` or ``>=``, which are for numbers."""

    __slots__ = ("_left", "_operator", "_right")

    def __init__(self, operator: str, left: Expression, right: Expression) -> None:
        """Keep the parts."""
        super().__init__(Sort.TRUTH)
        self._operator = operator
        self._left = left
        self._right = right

    def value(self, headers: dict[str, str]) -> Value:
        """Compare; false where one is there and is no number."""
        first, second = self._left.value(headers), self._right.value(headers)
        if first is None or second is None:
            return None
        left, right = number_of(first), number_of(second)
        if left is None or right is None:
            return False
        if self._operator == "<":
            return left < right
        if self._operator == "<=":
            return left <= right
        if self._operator == ">":
            return left > right
        return left >= right


class Among(Expression):
    """``IN``: one of several constants."""

    __slots__ = ("_constants", "_subject", "_texts")

    def __init__(self, subject: Expression, constants: Sequence[Value]) -> None:
        """Keep the parts; texts are looked up at once."""
        super().__init__(Sort.TRUTH)
        self._subject = subject
        self._texts = frozenset(constant for constant in constants if isinstance(constant, str))
        self._constants = [constant for constant in constants if not isinstance(constant, str)]

    def value(self, headers: dict[str, str]) -> Value:
        """Look it up."""
        value = self._subject.value(headers)
        if value is None:
            return None
        if isinstance(value, str) and value in self._texts:
            return True
        return any(is_equal(value, constant) is True for constant in self._constants)


class Like(Expression):
    """``LIKE``."""

    __slots__ = ("_likeness", "_subject")

    def __init__(self, subject: Expression, likeness: Likeness) -> None:
        """Keep the parts."""
        super().__init__(Sort.TRUTH)
        self._subject = subject
        self._likeness = likeness

    def value(self, headers: dict[str, str]) -> Value:
        """Compare a text with the pattern."""
        text = self._subject.value(headers)
        return self._likeness.fits(text) if isinstance(text, str) else None


class Unknown(Expression):
    """``IS NULL``."""

    __slots__ = ("_subject",)

    def __init__(self, subject: Expression) -> None:
        """Keep what is asked about."""
        super().__init__(Sort.TRUTH)
        self._subject = subject

    def value(self, headers: dict[str, str]) -> Value:
        """Say whether nothing is known of it: the header is missing."""
        return self._subject.value(headers) is None


class Not(Expression):
    """``NOT``: what is unknown stays so."""

    __slots__ = ("_condition",)

    def __init__(self, condition: Expression) -> None:
        """Keep the condition."""
        super().__init__(Sort.TRUTH)
        self._condition = condition

    def value(self, headers: dict[str, str]) -> Value:
        """Turn it round."""
        truth = truth_of(self._condition.value(headers))
        return None if truth is None else not truth


class Joined(Expression):
    """Conditions with ``AND`` or with ``OR`` between them, as many as there are: no depth of their own."""

    __slots__ = ("_conditions", "_decisive")

    def __init__(self, conditions: Sequence[Expression], decisive: bool) -> None:
        """Keep the conditions; one that is ``decisive`` decides: false for AND, true for OR."""
        super().__init__(Sort.TRUTH)
        self._conditions = conditions
        self._decisive = decisive

    def value(self, headers: dict[str, str]) -> Value:
        """Look at them from left to right, as far as needed; unknown if none decides and one is unknown."""
        is_unknown = False
        for condition in self._conditions:
            truth = truth_of(condition.value(headers))
            if truth is self._decisive:
                return truth
            is_unknown = is_unknown or truth is None
        return None if is_unknown else not self._decisive


ALL: Final = False  # what decides an AND
ANY: Final = True  # what decides an OR
