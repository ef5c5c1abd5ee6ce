"""The page's modules that touch no page: words and rooms, each asked directly."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.serving import Serving

pytestmark = pytest.mark.needs("chromium", "npm")

CALL = "async ([file, name, inputs]) => { const call = (await import(file))[name]; return inputs.map(call); }"
MINUTE = 60_000


@pytest.fixture(scope="module")
def page(browser: Browser, session_serving: Serving) -> Iterator[Page]:
    """A window on the broker that shows no chat."""
    if not session_serving.is_running:
        session_serving.start()
    page = browser.new_page()
    page.goto(f"{session_serving.url}logo.svg")
    yield page
    page.close()


def returns(page: Page, file: str, name: str, table: dict[str, Any]) -> None:
    """Call an exported function with every key; it must return the values."""
    assert page.evaluate(CALL, [f"/{file}", name, list(table)]) == list(table.values())


def test_names_are_one_clean_bounded_line(page: Page) -> None:
    table = {
        "  Ada \n Lovelace ": "Ada Lovelace",
        "x" * 99: "x" * 32,
        "evil\u202ename\u200b": "evil name",
        "\u0000\t ": "",
        "👩🏽‍🌾 Noor": "👩🏽‍🌾 Noor",  # held together by an invisible joiner
        "🐎" * 99: "🐎" * 32,
    }
    returns(page, "text.js", "cleanName", table)


def test_texts_keep_their_lines_and_lose_their_edges(page: Page) -> None:
    table = {"\n\n a\r\nb \n": " a\nb", " \n ": "", "a\u0000\u001bb\tc": "ab\tc", "y" * 5000: "y" * 4000}
    returns(page, "text.js", "cleanText", table)


def test_room_names_are_fit_for_a_destination(page: Page) -> None:
    table = {
        "Stable Talk!": "stable-talk",
        "#tech": "tech",
        "a/b.c*d>e:f\n": "a-b-c-d-e-f",
        "Größe": "größe",
        "../..": "",
        "q" * 99: "q" * 32,
    }
    returns(page, "text.js", "roomName", table)


def test_initials_stand_for_names(page: Page) -> None:
    table = {"Ada Lovelace": "AL", "noor": "N", "a b c": "AC", "jean-luc": "JL", "🐎": "?", "(7)": "7"}
    returns(page, "text.js", "initials", table)


ROOM = """async ([steps]) => {
    const { Room } = await import("/room.js");
    const room = new Room("lobby");
    return steps.map(([call, ...inputs]) => {
        const result = room[call](...inputs);
        return [result ?? null, [...room.members.values()].map((member) => member.name), room.unread];
    });
}"""


def here(member: str, name: str) -> dict[str, str]:
    """Presence as the page has read it."""
    return {"kind": "here", "member": member, "name": name}


def test_who_is_silent_too_long_is_gone(page: Page) -> None:
    steps = [
        ["note", here("a", "Ada"), 0],
        ["note", here("b", "Ben"), 2 * MINUTE],
        ["age", 150_000],
        ["age", 150_001],
        ["note", {"kind": "gone", "member": "b", "name": ""}, 3 * MINUTE],
    ]
    seen = [(result, names) for result, names, _ in page.evaluate(ROOM, [steps])]
    assert seen == [
        (True, ["Ada"]),
        (True, ["Ada", "Ben"]),
        (False, ["Ada", "Ben"]),
        (True, ["Ben"]),
        (True, []),
    ]


def test_after_a_reconnect_the_silent_have_less_time(page: Page) -> None:
    steps = [["note", here("a", "Ada"), 0], ["doubtMembers", 10], ["age", 75_010], ["age", 75_011]]
    assert [names for _, names, _ in page.evaluate(ROOM, [steps])] == [["Ada"], ["Ada"], ["Ada"], []]


def test_own_messages_are_not_unread(page: Page) -> None:
    mine = {"id": "1", "member": "me", "name": "Me", "text": "mine"}
    theirs = {**mine, "id": "2", "member": "they"}
    unseen = {"at": 0, "seen": False}
    steps = [["keep", {"id": "1", "text": "mine", "at": 0}], ["take", mine, unseen], ["take", theirs, unseen]]
    assert [unread for _, _, unread in page.evaluate(ROOM, [[*steps, ["see"]]])] == [0, 0, 1, 0]


def test_what_waits_to_be_sent_is_bounded(page: Page) -> None:
    steps = [["keep", {"id": str(number), "text": "x", "at": 0}] for number in range(101)]
    assert [kept for kept, _, _ in page.evaluate(ROOM, [steps])] == [True] * 100 + [False]
