/** The three dialogs: a name, a room, the keys. */

import { byId, setText } from "./dom.js";
import { paintAvatar } from "./people.js";
import { cleanName, roomName } from "./text.js";

/** Let every dialog be left by its Cancel button. */
export function listenForCancel() {
  for (const button of document.querySelectorAll("dialog [data-cancel]")) {
    button.addEventListener("click", () => button.closest("dialog").close(""));
  }
}

/** Ask for a name, offering `name`. Returns null if that was cancelled, which only a change can be. */
export async function askName({ name, taken = "", isChange = false }) {
  const dialog = byId("name-dialog");
  const input = byId("name");
  input.value = name;
  setText(byId("name-title"), isChange ? "Change your name" : "What should we call you?");
  setText(byId("name-hint"), hint(taken));
  dialog.querySelector("[data-cancel]").hidden = !isChange;
  const paint = () => paintAvatar(byId("name-avatar"), cleanName(input.value) || "?");
  paint();
  const answer = await ask(dialog, input, { clean: cleanName, isOptional: isChange, changed: paint });
  return answer;
}

/** Ask for a room's name. Returns null if that was cancelled. */
export function askRoom() {
  byId("room").value = "";
  return ask(byId("room-dialog"), byId("room"), { clean: roomName, isOptional: true });
}

/** Show the keyboard's shortcuts. */
export const showKeys = () => byId("keys-dialog").showModal();

function hint(taken) {
  const usual = "Others see this name next to what you say. You can change it at any time.";
  return taken ? `${taken} is already here, in another window of this browser. Who are you in this one?` : usual;
}

/** Open a dialog with one input; the promise holds what was entered, or null. */
function ask(dialog, input, { clean, isOptional, changed = () => {} }) {
  const done = new AbortController();
  const { signal } = done;
  const check = () => {
    input.setCustomValidity(clean(input.value) ? "" : "Use at least one letter or digit.");
    changed();
  };
  return new Promise((resolve) => {
    input.addEventListener("input", check, { signal });
    dialog.addEventListener("cancel", (event) => isOptional || event.preventDefault(), { signal });
    dialog.addEventListener("submit", () => (dialog.returnValue = "given"), { signal });
    dialog.addEventListener("close", () => {
      if (dialog.open) return; // reopened before the browser told us that it had been closed
      const isGiven = dialog.returnValue === "given";
      if (!isGiven && !isOptional) return dialog.showModal(); // a second Esc closes in spite of us
      done.abort();
      resolve(isGiven ? clean(input.value) : null);
    }, { signal });
    dialog.returnValue = "";
    check();
    dialog.showModal();
    input.select();
  });
}
