// Parts of the page. A string is always text, never markup: it may be part of a payload.

export const byId = (id) => document.getElementById(id);

export function element(name, attributes, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== false) node.setAttribute(key, value === true ? '' : value);
  }
  node.append(...children.filter((child) => child !== undefined));
  return node;
}

// The time on this machine's clock, with the date if it was not today.
export function moment(at) {
  return element('time', { datetime: at, title: new Date(at).toLocaleString() }, momentText(at));
}

function momentText(at) {
  const date = new Date(at);
  const day = date.toDateString() === today() ? {} : { day: 'numeric', month: 'short', year: 'numeric' };
  const clock = { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false };
  return date.toLocaleString([], { ...day, ...clock });
}

function today() {
  return new Date().toDateString();
}

// A text that changes as time passes. `until`: milliseconds since 1970, or a time as JSON has it.
export function countdown(until, textOf = (seconds) => `${seconds} s`) {
  const node = element('span', { class: 'countdown' });
  node.tick = () => {
    setText(node, textOf(Math.max(0, Math.ceil((new Date(until) - Date.now()) / 1000))));
  };
  node.tick();
  return node;
}

let day = today();

// Brings what depends on the time up to date: to be called each second.
export function tick() {
  for (const node of document.querySelectorAll('.countdown')) node.tick();
  if (day === today()) return;
  day = today();
  for (const node of document.querySelectorAll('time')) node.textContent = momentText(node.dateTime);
}

// Only if the text differs: a screen reader reads each change aloud.
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// Replaces only what has changed, and keeps the focus: a click on an element that is replaced meanwhile is lost.
export function renew(place, ...elements) {
  const next = element('div', {}, ...elements);
  if (place.innerHTML === next.innerHTML) return;
  const key = place.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  place.replaceChildren(...next.childNodes);
  if (key !== undefined) place.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus();
}

// Text that scrolls, and that the keyboard reaches.
export function scrolling(label, text) {
  return element('pre', { tabindex: '0', role: 'group', 'aria-label': label }, text);
}
