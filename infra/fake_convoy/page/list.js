// The cards, newest first. While somebody reads, new ones wait behind the pill: nothing moves under the reader's eyes.

// `make(event)` gives a new card, an `li` with a `details`; `fill(card, event)` shows the event in it.
export function cardList(node, pill, make, fill) {
  const cards = new Map(); // by the event's uid
  const held = new Map(); // the events behind the pill, by uid
  const opened = new Set(); // uids of the cards that are open
  let leaving = new Set(); // uids of the cards that are to go once nobody reads
  let stale = new Set(); // uids that the new connection has not sent yet
  let isFresh = true; // whether the list is being filled for a new search
  let newest = 200; // the largest number of cards

  const isRead = () => node.getBoundingClientRect().top < 0 || [...cards.values()].some(isOpen);

  const remove = (uid) => {
    // The toggle event comes late: a card that is made again right after a click would be closed.
    if (isOpen(cards.get(uid))) opened.add(uid);
    cards.get(uid).remove();
    cards.delete(uid);
  };

  const insert = (event) => {
    const card = make(event);
    const details = card.querySelector('details');
    details.open = opened.has(event.uid);
    details.addEventListener('toggle', () => {
      if (details.open) opened.add(event.uid);
      else opened.delete(event.uid);
      settle();
    });
    card.number = event.number;
    cards.set(event.uid, card);
    // Nearly always before the first card: most events are new.
    const after = [...node.children].find(({ number }) => number < event.number);
    node.insertBefore(card, after ?? null);
    if (cards.size > newest) remove([...cards].find(([, each]) => each === node.lastChild)[0]);
    fill(card, event);
  };

  const release = () => {
    for (const uid of leaving) if (cards.has(uid)) remove(uid);
    leaving.clear();
    const ordered = [...held.values()].sort((a, b) => a.number - b.number);
    for (const event of ordered.slice(-newest)) insert(event);
    held.clear();
    showPill();
  };

  const isTooOld = ({ number }) => cards.size >= newest && number < node.lastChild.number;

  const settle = () => {
    if (!isRead()) release();
  };

  const showPill = () => {
    pill.hidden = held.size === 0;
    pill.textContent = `${held.size} new`;
  };

  const show = (event) => {
    const { uid } = event;
    stale.delete(uid);
    if (event.found) leaving.delete(uid);
    else if (cards.has(uid)) leaving.add(uid);
    if (cards.has(uid)) fill(cards.get(uid), event);
    else if (!event.found || isTooOld(event)) held.delete(uid);
    else if (isFresh) insert(event);
    else held.set(uid, event);
    if (isFresh) return;
    settle();
    showPill();
  };

  pill.addEventListener('click', () => {
    release();
    scrollTo({ top: 0 });
    node.querySelector('summary')?.focus({ preventScroll: true });
  });
  addEventListener('scroll', () => settle(), { passive: true });

  return {
    show,
    open: (uid) => opened.add(uid),
    // A connection begins. With `fresh` the list is for another search, and held events are shown at once.
    begin: (limit, { fresh }) => {
      newest = limit;
      stale = new Set([...cards.keys(), ...held.keys()]);
      isFresh = fresh;
      if (fresh) held.clear();
    },
    // Everything that the connection begins with was shown.
    ready: () => {
      for (const uid of stale) {
        if (cards.has(uid)) remove(uid);
        held.delete(uid);
      }
      stale.clear();
      isFresh = false;
      showPill();
    },
    clear: () => {
      for (const uid of [...cards.keys()]) remove(uid);
      held.clear();
      leaving = new Set();
      showPill();
    },
    get size() { return cards.size + held.size; },
  };
}

function isOpen(card) {
  return card.querySelector('details').open;
}
