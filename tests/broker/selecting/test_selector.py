"""Selectors: what each form says of a message, and what is refused, with its place."""

import pytest

from hoofbeat.broker.selecting.selector import MOST_CHARACTERS, Selector
from hoofbeat.errors import Refused

HEADERS = {
    "destination": "/queue/a",
    "message-id": "e-7",
    "priority": "7",
    "persistent": "true",
    "type": "order",
    "correlation-id": "c",
    "reply-to": "/queue/r",
    "timestamp": "1700000000000",
    "region": "EU",
    "price": "9.50",
    "amount": "12",
    "loss": "-3",
    "small": "1e-3",
    "dotted.name": "d",
    "$dollar": "$",
    "größe": "XL",
    "foo-bar": "x",
    'odd"name': "q",
    "AND": "keyword",
    "empty": "",
    "urgent": "TRUE",
    "calm": "false",
    "name": "O'Hara",
    "percent": "100%",
    "path": "a_b",
    "lines": "one\ntwo",
    "nan": "nan",
    "inf": "inf",
    "padded": " 7 ",
    "arabic": "\u0667",
    "plus": "+5",
}

TRUE = [
    # comparisons
    "region = 'EU'",
    "region<>'US'",
    "region != 'US'",
    "amount = 12",
    "amount = 12.0",
    "amount <> 13",
    "12 = amount",
    "price > 9",
    "price >= 9.5 AND price <= 9.5",
    "price < 1E1 and 8 < price",
    "small < .01",
    "loss = -3",
    "plus = 5",
    "loss < amount",
    "amount = 0xC",
    "amount = 12L",
    "amount = 12d",
    "price = 9.5F",
    "amount = '12'",
    "name = 'O''Hara'",
    "empty = ''",
    "region <> 5",
    "NOT region = 5",
    "NOT region > 5",
    "amount > -9223372036854775808 AND amount < 9223372036854775808",
    # truths
    "TRUE",
    "true = TRUE",
    "urgent",
    "urgent = true",
    "calm = FALSE",
    "NOT calm",
    "NOT region",
    "(region = 'EU') = TRUE",
    "(amount = 1) <> TRUE",
    "region <> TRUE",
    "urgent <> FALSE",
    # three values
    "missing IS NULL",
    "region IS NOT NULL",
    "missing = 1 OR region = 'EU'",
    "NOT (missing = 1 AND region = 'US')",
    "(missing > 1) IS NULL",
    "(amount + missing) IS NULL",
    "(amount / 0) IS NULL",
    "(price / 0.0) IS NULL",
    "(-region) IS NULL",
    "(region * 2) IS NULL",
    # BETWEEN, IN, LIKE
    "amount BETWEEN 12 AND 12",
    "amount NOT BETWEEN 13 AND 20",
    "price between amount - 3 and amount",
    "region IN ('US', 'EU')",
    "region NOT IN ('US')",
    "amount IN (1, 'x', 12)",
    "loss IN (-3)",
    "region LIKE 'E_'",
    "region LIKE '%'",
    "region LIKE 'EU%'",
    "region NOT LIKE 'E'",
    "region NOT LIKE 'EU_'",
    "region NOT LIKE 'EU%EU'",
    "empty LIKE ''",
    "empty LIKE '%'",
    "empty NOT LIKE '_'",
    "percent LIKE '%!%' ESCAPE '!'",
    "region NOT LIKE '%!%' ESCAPE '!'",
    "path LIKE 'a\\_b' ESCAPE '\\'",
    "path LIKE 'a!_!b' ESCAPE '!'",
    "lines LIKE 'one%two'",
    "lines LIKE '%e_t%'",
    "name LIKE '%Ha%r%'",
    "name NOT LIKE '%ra%H%'",
    "name NOT LIKE 'O%X'",
    "name LIKE 'O%H_r%a'",
    "name NOT LIKE 'O%H__r%a'",
    # arithmetic
    "amount + 1 = 13",
    "amount - 1 - 1 = 10",
    "amount * 2 + 1 = 25",
    "1 + amount * 2 = 25",
    "(1 + amount) * 2 = 26",
    "amount / 5 = 2",
    "loss / 2 = -1",
    "-amount / 5 = -2",
    "amount / 5.0 = 2.4",
    "+amount = 12",
    "- -amount = 12",
    "price * 2 = 19",
    # names
    "\"foo-bar\" = 'x'",
    '"odd""name" = \'q\'',
    "\"AND\" = 'keyword'",
    "dotted.name = 'd'",
    "$dollar = '$'",
    "größe = 'XL'",
    "JMSPriority > 6",
    "JMSMessageID = 'e-7'",
    "JMSDestination LIKE '/queue/%'",
    "JMSDeliveryMode = 'PERSISTENT'",
    "JMSCorrelationID = 'c' AND JMSType = 'order' AND JMSReplyTo = '/queue/r'",
    "JMSTimestamp >= 1700000000000",
    # prefixes
    "convert_string_expressions:amount = 12",
    "convert_string_expressions: amount = 12",
    "hyphenated_props:foo-bar = 'x' AND amount = 12",
    "convert_string_expressions:hyphenated_props:foo-bar = 'x'",
    "\tregion\n=\r'EU' ",
    # numbers stay bounded, and what overflows is only large
    " * ".join(["9999999999999999999999999999999"] * 40) + " > 1",
    "1e308 * 10 > 1e308",
    "1e308 * 10 * 0 <> 0",
]

FALSE = [
    "FALSE",
    "region = 'eu'",
    "Region = 'EU'",
    "region = 5",
    "region > 5",
    "NOT (amount = 12)",
    "missing",
    "NOT missing",
    "missing = 1",
    "missing <> 1",
    "1 <> missing",
    "missing = missing",
    "missing > 1",
    "1 > missing",
    "missing IN ('a')",
    "missing NOT IN ('a')",
    "missing LIKE '%'",
    "missing NOT LIKE 'a'",
    "missing BETWEEN 1 AND 2",
    "amount BETWEEN missing AND 20",
    "missing = 1 OR FALSE",
    "missing = 1 AND TRUE",
    "TRUE AND FALSE",
    "urgent AND calm",
    "amount IN ('x', 'y')",
    "region IN (1)",
    "amount + region = 1",
    "nan > 0",
    "inf > 0",
    "padded = 7",
    "arabic = 7",
    "1e400 - 1e400 = 0",
    "(amount = 12) = FALSE",
    "1 > 2",
    "amount >= 13",
    "amount > 12",
    "amount < 12",
]


@pytest.mark.parametrize("text", TRUE)
def test_these_are_true(text: str) -> None:
    assert Selector.parse(text).matches(HEADERS)


@pytest.mark.parametrize("text", FALSE)
def test_these_are_not(text: str) -> None:
    assert not Selector.parse(text).matches(HEADERS)


def test_without_headers_a_message_has_the_priority_and_mode_that_others_give_it() -> None:
    assert Selector.parse("JMSPriority = 4 AND JMSDeliveryMode = 'NON_PERSISTENT'").matches({})


def test_a_number_as_long_as_a_header_is_text() -> None:
    long = "1" * 33
    assert not Selector.parse("a > 1").matches({"a": long})
    assert Selector.parse("a > 1").matches({"a": long[1:]})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the end where a header, a text or a number should stand at character 1"),
        ("a =", "the end where a header, a text or a number should stand at character 4"),
        ("a = 1 b", "'b' where AND, OR or the end should stand at character 7"),
        ("a", None),
        ("5", "a number where a condition should stand at character 1"),
        ("'a'", "a text where a condition should stand at character 1"),
        ("a + 1", "a number where a condition should stand at character 1"),
        ("a = 1 AND 5", "a number where a condition should stand at character 11"),
        ("5 AND a = 1", "a number where a condition should stand at character 1"),
        ("'x' OR a = 1", "a text where a condition should stand at character 1"),
        ("a OR b + 1", "a number where a condition should stand at character 6"),
        ("NOT 5", "a number where a condition should stand at character 5"),
        ("a > 'x'", "a text where a number should stand at character 5"),
        ("TRUE < a", "a condition where a number should stand at character 1"),
        ("a + 'x' = 1", "a text where a number should stand at character 5"),
        ("a * TRUE = 1", "a condition where a number should stand at character 5"),
        ("-'x' = 1", "a text where a number should stand at character 2"),
        ("'x' BETWEEN 1 AND 2", "a text where a number should stand at character 1"),
        ("a BETWEEN 1 AND 'x'", "a text where a number should stand at character 17"),
        ("1 = 'x'", "a number = a text, which is never true, at character 3"),
        ("a BETWEEN 1 OR 2", "'OR' where AND should stand at character 13"),
        ("a NOT = 1", "'=' where BETWEEN, IN or LIKE should stand at character 7"),
        ("a IS 1", "'1' where NULL should stand at character 6"),
        ("a IN 'x'", "\"'x'\" where ( should stand at character 6"),
        ("a IN ('x'", "the end where ) should stand at character 10"),
        ("a IN ()", "')' where a text or a number should stand at character 7"),
        ("a IN (-'x')", "\"'x'\" where a text or a number should stand at character 8"),
        ("a IN (b)", "'b' where a text or a number should stand at character 7"),
        ("a LIKE b", "'b' where a text in quotes should stand at character 8"),
        ("1 LIKE 'x'", "a number where a text should stand at character 1"),
        ("a LIKE 'x' ESCAPE 'xy'", "ESCAPE wants one character, in quotes, at character 19"),
        ("a LIKE 'x' ESCAPE ''", "ESCAPE wants one character, in quotes, at character 19"),
        ("a LIKE 'x!' ESCAPE '!'", "LIKE: nothing follows the escape at character 8"),
        ("(a = 1", "the end where ) should stand at character 7"),
        ("a = 'x", "a text whose ' is never closed at character 5"),
        ('"a = 1', 'an empty name, or one whose " is never closed at character 1'),
        ('"" = 1', 'an empty name, or one whose " is never closed at character 1'),
        ("a ; b", "';', which means nothing at character 3"),
        ("a = 1x", "'1x' is not a number at character 5"),
        ("a = 0x", "'0x' is not a number at character 5"),
        ("a = 0x1_0", "'0x1_0' is not a number at character 5"),
        ("a = 1.5L", "'1.5L' is not a number at character 5"),
        ("a = 017", "'017' begins with a zero: leave that out, or quote it to compare text at character 5"),
        ("a = " + "1" * 33, "a number of more than 32 characters at character 5"),
        ("foo-bar = 1", None),
        ("hyphenated_props:a-b =", "the end where a header, a text or a number should stand at character 23"),
    ],
)
def test_an_error_says_what_is_wrong_and_where(text: str, message: str | None) -> None:
    if message is None:
        Selector.parse(text)
        return
    with pytest.raises(Refused) as refused:
        Selector.parse(text)
    assert str(refused.value) == f"selector: {message}"


def test_hyphens_without_quotes_are_minus_signs() -> None:
    assert Selector.parse("foo-bar = 2").matches({"foo": "5", "bar": "3", "foo-bar": "x"})


LIMITS = [
    ("a = 1" + " " * (MOST_CHARACTERS - 5), " ", "more than 4096 characters"),
    (" OR ".join(["a = 1"] * 128), " OR a", "more than 256 headers and literals"),
    ("(" * 32 + "a" + ")" * 32, None, "more than 32 brackets, NOTs and signs within each other"),
    ("NOT " * 32 + "a", None, "more than 32 brackets, NOTs and signs within each other"),
    ("- " * 32 + "a = 1", None, "more than 32 brackets, NOTs and signs within each other"),
    (" OR ".join(["a LIKE '%_%'"] * 8), " OR a LIKE '%b_%'", "more than 8 LIKEs with _ between two %"),
]


@pytest.mark.parametrize(("largest", "more", "message"), LIMITS)
def test_a_selector_has_limits(largest: str, more: str | None, message: str) -> None:
    Selector.parse(largest)
    over = largest + more if more is not None else _deeper(largest)
    with pytest.raises(Refused, match=message):
        Selector.parse(over)


def _deeper(text: str) -> str:
    first = text.split()[0] if " " in text else "("
    return f"({text})" if first == "(" * 32 + "a" + ")" * 32 or first == "(" else f"{first} {text}"


def test_what_comes_after_a_bracket_is_not_within_it() -> None:
    deep = "(" * 32 + "a" + ")" * 32
    assert Selector.parse(f"{deep} AND NOT {'NOT ' * 31} a AND -{'-' * 31}b = 1 OR {deep}")


def test_only_what_asks_for_the_id_differs_from_message_to_message() -> None:
    assert Selector.parse("JMSMessageID = 'e-7' OR a = 1").is_per_message
    assert not Selector.parse("a = 1").is_per_message
