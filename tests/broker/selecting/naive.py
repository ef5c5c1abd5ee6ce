"""Selectors once more, as slowly and plainly as can be: what the real ones are compared with.

An expression is a tuple: its operator, then its operands.
"""

import re
from collections.abc import Mapping
from fractions import Fraction

Tree = tuple[object, ...]


def write(tree: Tree) -> str:
    """Write an expression as the text of a selector, every part in brackets."""
    operator, *parts = tree
    if operator == "header":
        return '"' + str(parts[0]).replace('"', '""') + '"'
    if operator == "constant":
        return _literal(parts[0])
    if operator == "not":
        return f"NOT ({write(parts[0])})"
    if operator == "null":
        return f"({write(parts[0])}) IS NULL"
    if operator == "between":
        return " ".join([f"({write(parts[0])}) BETWEEN ({write(parts[1])}) AND ({write(parts[2])})"])
    if operator == "in":
        return f"({write(parts[0])}) IN ({', '.join(_literal(each) for each in parts[1])})"
    if operator == "like":
        return f"({write(parts[0])}) LIKE {_literal(parts[1])} ESCAPE '!'"
    return f"({write(parts[0])}) {operator} ({write(parts[1])})"


def _literal(value: object) -> str:
    if isinstance(value, bool):
        return str(value)
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value)


def value_of(tree: Tree, headers: Mapping[str, str]) -> object:
    """Work an expression out; None is unknown."""
    operator, *parts = tree
    if operator == "header":
        return headers.get(parts[0])
    if operator == "constant":
        return parts[0]
    if operator in ("AND", "OR"):
        return _join(operator, [truth(value_of(part, headers)) for part in parts])
    if operator == "not":
        known = truth(value_of(parts[0], headers))
        return None if known is None else not known
    if operator == "null":
        return value_of(parts[0], headers) is None
    value = value_of(parts[0], headers)
    if operator == "in":
        return None if value is None else any(_equal(value, each) for each in parts[1])
    if operator == "like":
        return None if value is None else _like(value, parts[1])
    if operator == "between":
        low, high = _order(">=", value, value_of(parts[1], headers)), value_of(parts[2], headers)
        return _join("AND", [low, _order("<=", value, high)])
    other = value_of(parts[1], headers)
    if operator in ("+", "-", "*", "/"):
        return _reckon(operator, number(value), number(other))
    if operator in ("=", "<>"):
        known = None if value is None or other is None else _equal(value, other)
        return known if operator == "=" or known is None else not known
    return _order(operator, value, other)


def truth(value: object) -> bool | None:
    """Read a value as a condition."""
    if value is None:
        return None
    return value if isinstance(value, bool) else str(value).lower() == "true"


def number(value: object) -> Fraction | None:
    """Read a value as a number, exactly."""
    if value is None or isinstance(value, bool):
        return None
    try:
        return Fraction(str(value))
    except ValueError:
        return None


def _join(operator: object, truths: list[bool | None]) -> bool | None:
    decisive = operator == "OR"
    if decisive in truths:
        return decisive
    return None if None in truths else not decisive


def _equal(left: object, right: object) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        return left == right
    if isinstance(left, bool) or isinstance(right, bool):
        return str(left).lower() == str(right).lower()
    first, second = number(left), number(right)
    return first is not None and first == second


def _order(operator: object, left: object, right: object) -> bool | None:
    if left is None or right is None:
        return None
    first, second = number(left), number(right)
    if first is None or second is None:
        return False
    return {"<": first < second, "<=": first <= second, ">": first > second, ">=": first >= second}[operator]


def _reckon(operator: object, left: Fraction | None, right: Fraction | None) -> Fraction | None:
    if left is None or right is None or (operator == "/" and right == 0):
        return None
    if operator == "/":
        return Fraction(int(left / right))
    return {"+": left + right, "-": left - right, "*": left * right}[operator]


def _like(value: object, pattern: str) -> bool:
    written = ""
    rest = iter(pattern)
    for character in rest:
        if character == "!":
            written += re.escape(next(rest))
        else:
            written += {"%": ".*", "_": "."}.get(character) or re.escape(character)
    return re.fullmatch(written, str(value), re.DOTALL) is not None
