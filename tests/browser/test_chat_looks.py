"""How the page looks: by day, by night, on a phone; and the screenshot in the README.

The screenshot is written to ``docs/images/chat.png`` only where ``UPDATE_SCREENSHOTS=1`` is set.
"""

import base64
import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, MakePerson
from tests.browser.person import Person

pytestmark = pytest.mark.needs("chromium", "npm")

IMAGE = Path(__file__).parents[2] / "docs" / "images" / "chat.png"
IMAGE_BYTES = 200_000
SMALL = {"viewport": {"width": 300, "height": 560}, "device_scale_factor": 1}

# WCAG 2.2, "Contrast (Minimum)": 4.5 to 1 for text.
CONTRAST = """(selector) => {
    const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
    const light = (colour) => channels(colour).slice(0, 3).map((value) => value / 255)
        .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
        .reduce((sum, value, index) => sum + value * [0.2126, 0.7152, 0.0722][index], 0);
    const ground = (element) => {
        const { backgroundColor } = getComputedStyle(element);
        return channels(backgroundColor)[3] === 0 ? ground(element.parentElement) : backgroundColor;
    };
    const element = document.querySelector(selector);
    const pair = [light(getComputedStyle(element).color), light(ground(element))].sort((a, b) => b - a);
    return (pair[0] + 0.05) / (pair[1] + 0.05);
}"""
TEXTS = [
    "#room-title",
    "#status-words",
    ".room",
    ".room[aria-current]",
    ".badge",
    ".me-hint",
    ".author",
    ".byline time",
    ".message:not(.mine) .bubble",
    ".message:not(.mine) .bubble a",
    ".message.mine .bubble",
    ".avatar",
    ".day",
    ".person-you",
    ".key-hint",
]


def test_texts_are_readable_by_day_and_by_night(person: MakePerson) -> None:
    ada, noor = person("Ada"), person("Noor")
    noor.say("look at https://example.org/")
    ada.sees("look at https://example.org/")
    ada.say("mine")
    ada.sees("mine")
    noor.go_to("tech")
    noor.say("unread")
    expect(ada.room("tech").locator(".badge")).to_be_visible()
    ground = "Number(getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0])"
    assert ada.page.evaluate(ground) > 230
    assert faint(ada.page) == {}
    ada.page.emulate_media(color_scheme="dark")
    assert ada.page.evaluate(ground) < 40
    assert faint(ada.page) == {}


def faint(page: Page) -> dict[str, float]:
    """Texts with too little contrast, and how much they have."""
    contrasts = {selector: round(page.evaluate(CONTRAST, selector), 1) for selector in TEXTS}
    return {selector: ratio for selector, ratio in contrasts.items() if ratio < 4.5}


def test_a_narrow_page_fits_its_width(person: MakePerson) -> None:
    ada = person("Ada " * 8, **PHONE)
    ada.say("W" * 300)
    ada.sees("W" * 300)
    for width in [320, 390, 768]:
        ada.page.set_viewport_size({"width": width, "height": 640})
        assert ada.page.evaluate("document.documentElement.scrollWidth") <= width
        for control in ["#text", "#send", "#toggle-people"]:
            box = ada.page.locator(control).bounding_box()
            assert box is not None
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width
            assert box["y"] + box["height"] <= 640


def test_on_a_phone_a_room_is_chosen_from_the_drawer(person: MakePerson) -> None:
    ada = person("Ada", **PHONE)
    ada.page.locator("#open-rooms").tap()
    ada.room("tech").tap()
    expect(ada.page.locator("#room-title")).to_have_text("tech")
    expect(ada.page.locator("#rooms-panel")).to_be_hidden()


def test_the_screenshot_shows_people_talking(person: MakePerson, tmp_path: Path) -> None:
    target = IMAGE if os.environ.get("UPDATE_SCREENSHOTS") == "1" else tmp_path / "chat.png"
    target.parent.mkdir(parents=True, exist_ok=True)
    ada = person("Ada Lovelace", viewport={"width": 1180, "height": 770})
    noor = person("Noor", **{**PHONE, **SMALL}, color_scheme="dark")
    talk(ada, noor, person("Mateo Ruiz"), person("Kenji"))
    wide, phone = ada.page.screenshot(animations="disabled"), noor.page.screenshot(animations="disabled")
    compose(ada.page.context.new_page(), wide, phone, target)
    assert target.stat().st_size < IMAGE_BYTES


def talk(ada: Person, noor: Person, mateo: Person, kenji: Person) -> None:
    """Hold the conversation of the screenshot, at times that do not depend on the clock."""
    everyone = [ada, noor, mateo, kenji]
    ada.sees_people("Ada Lovelace", "Kenji", "Mateo Ruiz", "Noor")
    at = datetime.fromisoformat("2026-05-12T09:38:00")
    for speaker, minutes, text in [
        (mateo, 0, "Morning! The broker is up, TCP and WebSocket in one process."),
        (noor, 1, "Nice 👋 I'm in from my phone."),
        (ada, 1, "Two windows here, and Kenji sits in the other building."),
        (kenji, 1, "I restarted it in the middle, as one does."),
        (ada, 0, "We noticed: a countdown, then everybody was back."),
        (noor, 1, "And the message I typed meanwhile went out by itself. Nothing lost."),
        (mateo, 0, "Details in #tech, so that the lobby stays for saying hello?"),
    ]:
        at += timedelta(minutes=minutes)
        for someone in everyone:
            someone.page.clock.set_fixed_time(at)
        speaker.say(text)
        for someone in everyone:
            someone.sees(text)
    mateo.go_to("tech")
    mateo.say("Heart-beats every ten seconds, both ways.")
    mateo.say("Unread marks work too.")
    expect(ada.room("tech").locator(".badge")).to_have_text("2")
    noor.page.locator("#text").blur()


def compose(page: Page, wide: bytes, phone: bytes, target: Path) -> None:
    """Lay the phone over the corner of the wide window, on a ground that fits light and dark pages."""
    page.set_viewport_size({"width": 1330, "height": 860})
    page.set_content(
        """<style>
            body { margin: 0; background: transparent; position: relative; width: 1330px; height: 860px }
            img { position: absolute; display: block; box-shadow: 0 0 0 1px #0002, 0 12px 28px #0003 }
            .wide { left: 20px; top: 20px; width: 1180px; border-radius: 14px }
            .phone { right: 20px; bottom: 26px; width: 300px; border-radius: 26px;
                     box-shadow: 0 0 0 6px #0a110e, 0 0 0 7px #fff3, 0 14px 34px #0007 }
        </style>"""
        + "".join(
            f'<img class="{name}" src="data:image/png;base64,{base64.b64encode(image).decode()}">'
            for name, image in [("wide", wide), ("phone", phone)]
        )
    )
    page.evaluate("Promise.all(Array.from(document.images, (image) => image.decode()))")
    page.screenshot(path=target, omit_background=True)
