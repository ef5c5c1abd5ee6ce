"""The broker goes away and comes back; nobody has to reload, and nothing typed is lost."""

import pytest
from playwright.sync_api import WebSocketRoute, expect

from tests.browser.conftest import MakePerson
from tests.browser.serving import Serving

pytestmark = pytest.mark.needs("chromium", "npm")

ATTEMPTS = 4  # as in limits.js


def test_both_come_back_after_the_broker_was_restarted(person: MakePerson, serving: Serving) -> None:
    ada, noor = person("Ada"), person("Noor")
    ada.say("before")
    noor.sees("before")

    serving.kill()
    ada.sees_status("Reconnecting")
    noor.sees_status("Reconnecting")
    expect(ada.page.locator("#status-count")).to_contain_text("in ")
    ada.say("typed in between")
    ada.sees_waiting("typed in between")

    serving.start()
    ada.sees_status("Connected")
    noor.sees_status("Connected")
    ada.sees("typed in between")
    expect(ada.page.locator("#pending .message")).to_have_count(0)
    ada.sees_people("Ada", "Noor")
    noor.say("after")
    ada.sees("after")
    ada.say("after as well")
    noor.sees("after as well")


def test_a_button_tries_again_at_once(person: MakePerson, serving: Serving) -> None:
    ada = person("Ada")
    serving.kill()
    ada.sees_status("Reconnecting")
    serving.start()
    ada.page.evaluate("() => document.getElementById('retry').click()")
    ada.sees_status("Connected")
    expect(ada.page.get_by_role("button", name="Try now")).to_be_hidden()


def test_a_message_that_always_ends_the_connection_is_given_up(visitor: MakePerson, serving: Serving) -> None:
    ada = visitor("Ada")
    ada.page.route_web_socket("**/stomp", lambda socket: cut_at(socket, "poison"))
    ada.enter(serving.url)
    ada.say("poison")
    for _ in range(ATTEMPTS - 1):
        ada.sees_status("Reconnecting")
        ada.page.evaluate("() => document.getElementById('retry').click()")
    expect(ada.page.locator("#pending .failed")).to_contain_text("Not sent", timeout=15_000)
    ada.sees_status("Connected")
    ada.say("harmless")
    ada.sees("harmless")
    expect(ada.page.get_by_role("button", name="Try again")).to_be_visible()


def cut_at(socket: WebSocketRoute, word: str) -> None:
    """Be the network between page and broker, and break where a frame holds ``word``."""
    server = socket.connect_to_server()

    def pass_on(frame: str | bytes) -> None:
        if word in str(frame):
            socket.close()
            server.close()
        else:
            server.send(frame)

    socket.on_message(pass_on)
