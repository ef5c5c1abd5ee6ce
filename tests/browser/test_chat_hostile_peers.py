"""Anyone may send anything to a topic; the page shows text, or nothing."""

import json

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import MakePerson
from tests.browser.person import Person

pytestmark = pytest.mark.needs("chromium", "npm")

MESSAGES, PRESENCE = "/topic/chat.lobby", "/topic/chat.lobby.presence"
MARKUP = '<img src=x onerror="document.title=1"><script>document.title=2</script>'

SEND = """([url, destination, bodies]) => new Promise((done) => {
    const client = new StompJs.Client({ brokerURL: url, reconnectDelay: 0 });
    client.onConnect = () => {
        for (const body of bodies) client.publish({ destination, body });
        client.publish({ destination: "/topic/nowhere", body: "", headers: { receipt: "all" } });
        client.watchForReceipt("all", () => client.deactivate().then(done));
    };
    client.activate();
})"""


def send(person: Person, destination: str, *bodies: object) -> None:
    """Be a hostile peer: send bodies past the page's own checks, and return once the broker took them in.

    The library comes from the person's window, the connection is another one.
    """
    url = person.page.evaluate("`ws://${location.host}/stomp`")
    texts = [body if isinstance(body, str) else json.dumps(body) for body in bodies]
    person.runs(SEND, url, destination, texts)


def message(**changes: object) -> dict[str, object]:
    """A message as a page would send it, but for some changes."""
    return {"id": "m1", "member": "mallory", "name": "Mallory", "text": "hello", **changes}


def test_markup_is_shown_as_text(person: MakePerson) -> None:
    ada = person("Ada")
    send(ada, MESSAGES, message(text=MARKUP, name="<b>M</b>"))
    send(ada, PRESENCE, {"kind": "here", "member": "mallory", "name": "<b>M</b>"})
    ada.sees(MARKUP)
    ada.sees_people("Ada", "<b>M</b>")
    assert ada.page.locator("#log img, #log script, #people b, #log b").count() == 0
    expect(ada.page).to_have_title("#lobby · Hoofbeat chat")


def test_what_is_not_a_message_is_ignored(person: MakePerson) -> None:
    ada = person("Ada")
    send(ada, MESSAGES, "", "{", "null", "7", "[]", '"text"', {}, "[" * 30_000)
    wrong: list[dict[str, object]] = [
        {"text": 7},
        {"text": ""},
        {"text": "x" * 4001},
        {"name": {}},
        {"name": "\u202e"},
        {"id": ""},
    ]
    send(ada, MESSAGES, *(message(**change) for change in wrong))
    send(ada, MESSAGES, message(id="x" * 41), message(id=["m1"]), message(text="x" * 200_000))
    send(ada, PRESENCE, "[]", {"kind": "king", "member": "m", "name": "M"}, {"kind": "here", "member": 1})
    send(ada, MESSAGES, message(text="the only good one"))
    ada.sees("the only good one")
    expect(ada.page.locator("#log .bubble")).to_have_count(1)
    ada.sees_people("Ada")


def test_a_message_sent_twice_is_shown_once(person: MakePerson) -> None:
    ada = person("Ada")
    send(ada, MESSAGES, message(text="again"), message(text="again"), message(id="m2", text="end"))
    ada.sees("end")
    ada.sees("again")


def test_a_flood_leaves_a_bounded_page(person: MakePerson) -> None:
    ada = person("Ada")
    flood = [message(id=f"m{number}", text=f"flood {number}") for number in range(1200)]
    send(ada, MESSAGES, *flood)
    ada.sees("flood 1199")
    assert ada.page.locator("#log .bubble").count() <= 550
    people = [{"kind": "here", "member": f"m{number}", "name": f"M{number}"} for number in range(400)]
    send(ada, PRESENCE, *people)
    expect(ada.page.locator("#people-count")).to_have_text("201")
    ada.say("still here")
    ada.sees("still here")


def test_nobody_can_send_another_person_away_for_good(person: MakePerson) -> None:
    ada, mallory = person("Ada"), person("Mallory")
    ada.sees_people("Ada", "Mallory")
    member = ada.page.evaluate("document.querySelector('#people li:nth-child(2)').dataset.key")
    send(ada, PRESENCE, {"kind": "gone", "member": member})
    ada.sees_people("Ada", "Mallory")
    mallory.sees_people("Mallory", "Ada")


def test_only_web_addresses_become_links(person: MakePerson) -> None:
    ada = person("Ada")
    ada.say("javascript:alert(1) data:text/html,x https://example.org/a?b=c. http://example.org/<b>")
    links = ada.page.locator("#log .bubble a")
    expect(links).to_have_count(2)
    addresses = [link.get_attribute("href") for link in links.all()]
    assert addresses == ["https://example.org/a?b=c", "http://example.org/"]
    assert links.first.get_attribute("rel") == "noopener noreferrer nofollow"
