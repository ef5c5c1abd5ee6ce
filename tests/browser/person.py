"""One person in front of one window."""

from typing import Any

from playwright.sync_api import ConsoleMessage, Locator, Page, expect


class Person:
    """Does what a person does with the chat page, and sees what a person sees."""

    def __init__(self, page: Page, name: str) -> None:
        self.page = page
        self.name = name
        self.faults: list[str] = []
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", self._listen)

    def enter(self, url: str) -> "Person":
        """Open the page, answer who this is, and wait for the connection."""
        self.page.goto(url)
        self.page.get_by_role("textbox", name="Your name").fill(self.name)
        self.page.keyboard.press("Enter")
        self.sees_status("Connected")
        return self

    def say(self, text: str) -> None:
        """Type a message and send it."""
        self.page.locator("#text").fill(text)
        self.page.locator("#text").press("Enter")

    def go_to(self, room: str) -> None:
        """Choose a room from the list."""
        self.room(room).click()
        expect(self.page.locator("#room-title")).to_have_text(room)

    def room(self, room: str) -> Locator:
        """The entry of a room in the list of rooms."""
        return self.page.locator("#rooms a").filter(has=self.page.get_by_text(room, exact=True))

    def sees(self, text: str) -> None:
        """Wait until a message stands in the conversation, once."""
        expect(self.page.locator("#log .bubble").get_by_text(text, exact=True)).to_have_count(1)

    def sees_waiting(self, text: str) -> None:
        """Wait until an own message is shown as not sent yet."""
        expect(self.page.locator("#pending .waiting .bubble").get_by_text(text, exact=True)).to_be_visible()

    def sees_people(self, *names: str) -> None:
        """Wait until exactly these people are listed, oneself first."""
        expect(self.page.locator("#people .person-name")).to_have_text(list(names))

    def sees_status(self, words: str) -> None:
        """Wait until the connection is shown to be in some state."""
        expect(self.page.locator("#status-words")).to_have_text(words, timeout=15_000)

    def runs(self, script: str, *arguments: Any) -> Any:
        """Run a function in the page and return what it returns."""
        return self.page.evaluate(script, list(arguments))

    def _listen(self, message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            self.faults.append(message.text)
