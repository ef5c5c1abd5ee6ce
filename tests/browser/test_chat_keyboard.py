"""The page is used without a mouse."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, MakePerson
from tests.browser.person import Person
from tests.browser.serving import Serving

pytestmark = pytest.mark.needs("chromium", "npm")

FOCUS_IS_SEEN = """() => {
    const shows = (element) => element && getComputedStyle(element).outlineStyle !== "none";
    return shows(document.activeElement) || shows(document.activeElement.closest("form"));
}"""


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the focus is there; every stop on the way shows that it has it."""
    for _ in range(25):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement === document.body"):
            continue  # the browser's own turn
        assert page.evaluate(FOCUS_IS_SEEN), page.evaluate("document.activeElement.outerHTML")
        if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"Tab never comes to {selector}")


def test_a_newcomer_gets_in_and_talks(visitor: MakePerson, serving: Serving) -> None:
    ada = visitor("Ada")
    keyboard = ada.page.keyboard
    ada.page.goto(serving.url)
    expect(ada.page.get_by_role("textbox", name="Your name")).to_be_focused()
    keyboard.press("Escape")
    expect(ada.page.get_by_role("textbox", name="Your name")).to_be_visible()
    keyboard.type("Ada")
    keyboard.press("Enter")
    ada.sees_status("Connected")
    expect(ada.page.locator("#text")).to_be_focused()
    keyboard.type("one line")
    keyboard.press("Shift+Enter")
    keyboard.type("another line")
    keyboard.press("Enter")
    ada.sees("one line\nanother line")


def test_alt_and_the_arrows_change_the_room_from_the_message_box(person: MakePerson) -> None:
    ada = person("Ada")
    title = ada.page.locator("#room-title")
    for key, room in [("ArrowDown", "tech"), ("ArrowDown", "random"), ("ArrowUp", "tech")]:
        ada.page.keyboard.press(f"Alt+{key}")
        expect(title).to_have_text(room)
        expect(ada.page.locator("#text")).to_be_focused()


def test_the_arrows_walk_the_list_of_rooms(person: MakePerson) -> None:
    ada = person("Ada")
    tab_to(ada.page, "#rooms a")
    ada.page.keyboard.press("End")
    expect(ada.room("random")).to_be_focused()
    ada.page.keyboard.press("ArrowUp")
    ada.page.keyboard.press("Enter")
    expect(ada.page.locator("#room-title")).to_have_text("tech")


def test_a_room_is_joined_and_its_dialog_left(person: MakePerson) -> None:
    ada = person("Ada")
    tab_to(ada.page, "#add-room")
    ada.page.keyboard.press("Enter")
    expect(ada.page.get_by_role("dialog")).to_be_visible()
    ada.page.keyboard.press("Escape")
    expect(ada.page.locator("#add-room")).to_be_focused()
    ada.page.keyboard.press("Enter")
    ada.page.keyboard.type("foals")
    ada.page.keyboard.press("Enter")
    expect(ada.page.locator("#room-title")).to_have_text("foals")


def test_the_first_stop_skips_to_the_message_box(person: MakePerson) -> None:
    ada = person("Ada")
    tab_to(ada.page, "#skip")
    ada.page.keyboard.press("Enter")
    expect(ada.page.locator("#text")).to_be_focused()
    expect(ada.page.locator("#room-title")).to_have_text("lobby")


def test_a_drawer_takes_the_focus_and_gives_it_back(person: MakePerson) -> None:
    ada = person("Ada", **PHONE)
    for opener, panel in [("#open-rooms", "#rooms-panel"), ("#toggle-people", "#people-panel")]:
        in_panel(ada, opener, panel)


def in_panel(person: Person, opener: str, panel: str) -> None:
    """Open a drawer, find the focus inside, and close it by Esc."""
    tab_to(person.page, opener)
    person.page.keyboard.press("Enter")
    expect(person.page.locator(f"{panel} :focus")).to_have_count(1)
    person.page.keyboard.press("Escape")
    expect(person.page.locator(opener)).to_be_focused()
