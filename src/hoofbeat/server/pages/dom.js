/** Small helpers over the DOM. Text goes in as text only; nothing here takes markup. */

/** Find an element by its id. */
export const byId = (id) => document.getElementById(id);

/** Make an element with a class, and children that are nodes or strings. */
export function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

/** Make an icon out of the sprite at the top of the page. */
export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(space, "use");
  use.setAttribute("href", `#icon-${name}`);
  svg.append(use);
  return svg;
}

/** Set an element's text, touching the document only if it is another one. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Make a list's children match `items`, keeping the elements of those that stay, and so the focus.
 *
 * @param {HTMLElement} list
 * @param {Iterable<[string, any]>} items key and value, in order
 * @param {(value: any) => HTMLElement} create
 * @param {(element: HTMLElement, value: any) => void} update
 */
export function matchChildren(list, items, create, update) {
  const before = new Map(Array.from(list.children, (child) => [child.dataset.key, child]));
  let place = list.firstElementChild;
  for (const [key, value] of items) {
    let child = before.get(key);
    before.delete(key);
    if (!child) {
      child = create(value);
      child.dataset.key = key;
    }
    update(child, value);
    if (child === place) place = place.nextElementSibling;
    else list.insertBefore(child, place);
  }
  for (const gone of before.values()) gone.remove();
}
