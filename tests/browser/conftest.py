"""A browser, a running broker, and people: shared by the tests of the chat page."""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Playwright, expect, sync_playwright

from tests.browser.person import Person
from tests.browser.serving import Serving
from tests.needs import BROWSERS

CHROMIUM = next(filter(None, map(shutil.which, (os.environ.get("CHROMIUM", ""), *BROWSERS))), None)
# A test browser: no sandbox in a container, and nothing that reaches out to the network by itself.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
CALM = {"locale": "en-GB", "reduced_motion": "reduce"}
WIDE = {**CALM, "viewport": {"width": 1280, "height": 800}}
PHONE = {
    **CALM,
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "has_touch": True,
    "is_mobile": True,
}

MakePerson = Callable[..., Person]


# Not longer than a module: while Playwright runs, its event loop counts as running, and no
# asynchronous test of another module could start one.
@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    expect.set_options(timeout=10_000)
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def session_serving() -> Iterator[Serving]:
    serving = Serving()
    serving.start()
    yield serving
    serving.stop()


@pytest.fixture
def serving(session_serving: Serving) -> Serving:
    """The running broker; started again if the test before left it dead."""
    if not session_serving.is_running:
        session_serving.start()
    return session_serving


@pytest.fixture
def visitor(browser: Browser) -> Iterator[MakePerson]:
    """Make people who have not opened the page yet; whatever goes wrong in a page fails the test."""
    people: list[Person] = []

    def make(name: str, **context: Any) -> Person:
        page = browser.new_context(**{**WIDE, **context}).new_page()
        people.append(Person(page, name))
        return people[-1]

    yield make
    for person in people:
        person.page.context.close()
    assert [person.faults for person in people if person.faults] == []


@pytest.fixture
def person(visitor: MakePerson, serving: Serving) -> MakePerson:
    """Make people who are in the chat."""
    return lambda name, **context: visitor(name, **context).enter(serving.url)
