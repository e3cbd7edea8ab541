// Parts that each view uses. A string is always text, never markup: it may be a customer's.

export function element(name, attributes, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== false) node.setAttribute(key, value === true ? '' : value);
  }
  node.append(...children.filter((child) => child !== undefined));
  return node;
}

// `key` names the button inside its card: the focus stays on it when the card is filled again.
export function button(text, onclick, { key, className, disabled } = {}) {
  const act = (event) => !disabled && onclick(event);
  return element('button', {
    type: 'button', class: className, 'data-key': key, 'aria-disabled': disabled && 'true', onclick: act,
  }, text);
}

// The time on this machine's clock, with the date if it was not today.
export function moment(at) {
  const date = new Date(at);
  const today = date.toDateString() === new Date().toDateString();
  const day = today ? {} : { day: 'numeric', month: 'short', year: 'numeric' };
  const clock = { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false };
  return element('time', { datetime: at, title: at }, date.toLocaleString([], { ...day, ...clock }));
}

export function facts(pairs) {
  return element('dl', {}, ...Object.entries(pairs).flatMap(([name, value]) => [
    element('dt', {}, name), element('dd', {}, value)]));
}

export function code(text) {
  return element('code', {}, text);
}

export function chips(texts) {
  return element('ul', { class: 'chips' }, ...texts.map((text) => element('li', {}, code(text))));
}

export function payload(data) {
  return element('pre', { tabindex: '0', role: 'group', 'aria-label': 'Payload' }, JSON.stringify(data, null, 2));
}

// Replaces only what has changed, and keeps the focus: a click on an element that is replaced meanwhile is lost.
export function renew(place, ...elements) {
  const next = element('div', {}, ...elements);
  if (place.innerHTML === next.innerHTML) return;
  const key = place.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  place.replaceChildren(...next.childNodes);
  if (key !== undefined) place.querySelector(`[data-key="${key}"]`)?.focus();
}

export function hash(view, query) {
  return `#/${view}?${new URLSearchParams(query)}`;
}

// A list of cards by id, in the order that it is shown with. A card is made once, and filled again when its item
// changes. Its buttons read `card.item`, so that they act on the item as it is now.
export function cardList(label, make, fill) {
  const cards = new Map();
  const node = element('ol', { class: 'cards', 'aria-label': label });
  const show = (items) => {
    const shown = new Set(items.map(({ id }) => id));
    for (const [id, card] of cards) {
      if (shown.has(id)) continue;
      card.remove();
      cards.delete(id);
    }
    let next = node.firstChild;
    for (const item of items) {
      if (!cards.has(item.id)) cards.set(item.id, make(item));
      const card = cards.get(item.id);
      card.item = item;
      if (card === next) next = next.nextSibling;
      else node.insertBefore(card, next);
      fill(card);
    }
  };
  return { node, show };
}
