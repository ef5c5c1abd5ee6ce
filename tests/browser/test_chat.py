"""People talk to each other in real browsers, through a real broker."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import MakePerson
from tests.browser.serving import Serving

pytestmark = pytest.mark.needs("chromium", "npm")


def test_two_windows_talk(person: MakePerson) -> None:
    ada, noor = person("Ada"), person("Noor")
    ada.say("Is anybody here?")
    noor.sees("Is anybody here?")
    noor.say("I am.")
    ada.sees("I am.")
    ada.sees("Is anybody here?")
    expect(ada.page.locator("#pending .message")).to_have_count(0)


def test_who_is_here_follows_arrivals_and_departures(person: MakePerson) -> None:
    ada = person("Ada")
    ada.sees_people("Ada")
    noor = person("Noor")
    ada.sees_people("Ada", "Noor")
    noor.sees_people("Noor", "Ada")
    noor.page.goto("about:blank")
    ada.sees_people("Ada")


def test_a_new_name_reaches_everyone_and_is_kept(person: MakePerson) -> None:
    ada, noor = person("Ada"), person("Noor")
    ada.sees_people("Ada", "Noor")
    noor.page.get_by_role("button", name="Change name").click()
    noor.page.get_by_role("textbox", name="Your name").fill("Eleanor")
    noor.page.keyboard.press("Enter")
    ada.sees_people("Ada", "Eleanor")
    noor.page.reload()
    noor.sees_status("Connected")
    expect(noor.page.locator("#my-name")).to_have_text("Eleanor")


def test_a_second_window_of_the_same_browser_gets_a_name_of_its_own(
    person: MakePerson, serving: Serving
) -> None:
    ada = person("Ada")
    second = ada.page.context.new_page()
    second.goto(serving.url)
    expect(second.locator("#name-hint")).to_contain_text("Ada is already here")
    second.get_by_role("textbox", name="Your name").fill("Ada's phone")
    second.keyboard.press("Enter")
    ada.sees_people("Ada", "Ada's phone")


def test_unread_messages_are_counted_until_the_room_is_looked_at(person: MakePerson) -> None:
    ada, noor = person("Ada"), person("Noor")
    noor.go_to("tech")
    noor.say("first")
    noor.say("second")
    expect(ada.room("tech").locator(".badge")).to_have_text("2")
    expect(ada.page).to_have_title("(2) #lobby · Hoofbeat chat")
    ada.go_to("tech")
    ada.sees("second")
    expect(ada.room("tech").locator(".badge")).to_be_hidden()
    expect(ada.page.locator("#log .new-mark")).to_have_count(1)
    expect(ada.page).to_have_title("#tech · Hoofbeat chat")


def test_a_room_is_made_by_entering_it_and_found_by_its_address(
    person: MakePerson, visitor: MakePerson, serving: Serving
) -> None:
    ada = person("Ada")
    ada.page.get_by_role("button", name="Join or create a room").click()
    ada.page.get_by_role("textbox", name="Room", exact=True).fill("Stable Talk!")
    ada.page.keyboard.press("Enter")
    expect(ada.page).to_have_url(f"{serving.url}#stable-talk")
    noor = visitor("Noor").enter(f"{serving.url}#stable-talk")
    ada.sees_people("Ada", "Noor")
    noor.say("Found it.")
    ada.sees("Found it.")


def test_a_room_that_was_left_is_not_heard_any_more(person: MakePerson) -> None:
    ada, noor = person("Ada"), person("Noor")
    ada.go_to("random")
    noor.go_to("random")
    noor.sees_people("Noor", "Ada")
    ada.page.get_by_role("button", name="Leave this room").click()
    noor.sees_people("Noor")
    expect(ada.room("random")).to_have_count(0)
    noor.say("She is gone.")
    noor.sees("She is gone.")
    noor.go_to("lobby")
    noor.say("But she hears this.")
    expect(ada.page.get_by_text("But she hears this.")).to_have_count(0)
    ada.go_to("lobby")
    ada.sees("But she hears this.")
    expect(ada.page.get_by_text("She is gone.")).to_have_count(0)


def test_what_was_typed_stays_with_its_room(person: MakePerson) -> None:
    ada = person("Ada")
    ada.page.locator("#text").fill("half a thought")
    ada.go_to("tech")
    expect(ada.page.locator("#text")).to_have_value("")
    ada.go_to("lobby")
    expect(ada.page.locator("#text")).to_have_value("half a thought")


def test_without_its_library_the_page_says_how_to_get_it(visitor: MakePerson, serving: Serving) -> None:
    ada = visitor("Ada")
    ada.page.route("**/vendor/**", lambda route: route.fulfill(status=404, body="not found"))
    ada.page.goto(serving.url)
    expect(ada.page.get_by_role("heading", name="This page lacks one file")).to_be_visible()
    expect(ada.page.locator("#missing")).to_contain_text("Node.js")
    expect(ada.page.locator("#app")).to_be_hidden()
