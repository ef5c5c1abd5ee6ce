/**
 * The panels at the sides: the rooms at the left, who is here at the right.
 *
 * On a wide page both stand beside the conversation. On a narrow one each is a drawer over it, and
 * what can't be seen can't be reached by the keyboard either.
 */

import { byId } from "./dom.js";
import { isPeopleOpen, keepPeopleOpen } from "./settings.js";

const narrow = matchMedia("(max-width: 47.5em)"); // as in narrow.css
const medium = matchMedia("(max-width: 66em)");

/** Opens and closes the panels. */
export class Panels {
  #drawer = ""; // "rooms", "people" or "": which one lies over the conversation
  #opener = null;
  #peopleOpen = isPeopleOpen();

  constructor() {
    byId("open-rooms").addEventListener("click", () => this.#open("rooms", byId("open-rooms")));
    byId("toggle-people").addEventListener("click", () => this.#togglePeople());
    byId("close-people").addEventListener("click", () => this.#closePeople());
    for (const closer of document.querySelectorAll("[data-close-drawer]")) {
      closer.addEventListener("click", () => this.close());
    }
    narrow.addEventListener("change", () => this.close());
    medium.addEventListener("change", () => this.close());
    this.#arrange();
  }

  /** Close what lies over the conversation. Returns whether something did. */
  close() {
    const wasOpen = this.#drawer !== "";
    this.#drawer = "";
    this.#arrange();
    if (wasOpen) this.#opener?.focus();
    return wasOpen;
  }

  #open(drawer, opener) {
    this.#drawer = drawer;
    this.#opener = opener;
    this.#arrange();
    byId(`${drawer}-panel`).querySelector("a, button:not([hidden])")?.focus();
  }

  #togglePeople() {
    if (medium.matches) return this.#drawer ? this.close() : this.#open("people", byId("toggle-people"));
    this.#peopleOpen = !this.#peopleOpen;
    keepPeopleOpen(this.#peopleOpen);
    this.#arrange();
  }

  #closePeople() {
    if (this.close()) return;
    this.#togglePeople();
    byId("toggle-people").focus();
  }

  #arrange() {
    const areRoomsSeen = !narrow.matches || this.#drawer === "rooms";
    const arePeopleSeen = medium.matches ? this.#drawer === "people" : this.#peopleOpen;
    byId("app").dataset.drawer = this.#drawer;
    byId("app").dataset.people = arePeopleSeen ? "open" : "closed";
    byId("rooms-panel").inert = !areRoomsSeen;
    byId("people-panel").inert = !arePeopleSeen;
    byId("conversation").inert = this.#drawer !== "";
    byId("open-rooms").setAttribute("aria-expanded", String(areRoomsSeen));
    byId("toggle-people").setAttribute("aria-expanded", String(arePeopleSeen));
  }
}
