// What a person lets go wrong: the receiver, Convoy, its queue. And the outbox, from which Convoy's part heals.

import { isOn, put, switchOff } from './actions.js';
import { byId, countdown, element, renew, setText } from './elements.js';
import { aboutOf, count, rowOf } from './texts.js';

const DONE = {
  '/inbox/receiver': ['The receiver works again.', 'The receiver fails.'],
  '/inbox/convoy': ['Convoy is up again. Requests publish again within ten seconds.', 'Convoy is down. Make a change now.'],
  '/inbox/queue': ['The queue goes on.', 'The queue is held. Make a change now.'],
};

let shown = {}; // the failures as last sent, and when each ends

export function showTrouble({ receiver_s: receiver, down_s: down, held_s: held, queued, faults }) {
  const now = Date.now();
  shown = { receiver: now + receiver * 1000, down: now + down * 1000, held: now + held * 1000, queued, faults };
  renewTrouble();
}

// Also each second: a failure ends by itself.
export function renewTrouble() {
  if (shown.queued === undefined) return;
  const isNow = (name) => shown[name] > Date.now();
  showControl('receiver', isNow('receiver'),
    isNow('receiver') ? ['The receiver answers 503 for ', countdown(shown.receiver), '.'] : ['The receiver works.']);
  const isFaulty = shown.faults > 0;
  const convoy = isFaulty ? 'Convoy fails as /_control/faults says.' : 'Convoy is up.';
  showControl('convoy', isNow('down'),
    isNow('down') ? ['Convoy answers 503 for ', countdown(shown.down), '.'] : [convoy], isFaulty);
  const jobs = shown.queued === 0 ? 'Nothing is queued.' : `${count(shown.queued, 'job')} queued.`;
  showControl('queue', isNow('held'),
    isNow('held') ? ['The queue is held for ', countdown(shown.held), `: ${count(shown.queued, 'job')}.`] : [jobs]);
  switchOff(byId('lose'), shown.queued === 0);
}

function showControl(id, fails, state, isFaulty = false) {
  const control = byId(id);
  control.classList.toggle('fails', fails || isFaulty);
  const hadFocus = control.contains(document.activeElement);
  const next = element('p', {}, ...state);
  if (byId(`${id}-state`).textContent !== next.textContent) byId(`${id}-state`).replaceChildren(...next.childNodes);
  for (const button of control.querySelectorAll('[data-seconds]')) {
    button.hidden = fails === (button.dataset.seconds !== '0');
  }
  if (hadFocus && document.activeElement === document.body) control.querySelector('button:not([hidden])').focus();
}

for (const control of document.querySelectorAll('.control')) {
  control.addEventListener('click', ({ target }) => {
    const { seconds } = target.dataset;
    const { path } = control.dataset;
    if (seconds !== undefined && isOn(target)) put(path, { seconds: Number(seconds) }, DONE[path][seconds === '0' ? 0 : 1]);
  });
}

byId('lose').addEventListener('click', () => {
  if (!isOn(byId('lose'))) return;
  put('/inbox/queue/lose', {}, ({ lost }) => `${count(lost, 'job')} lost. The relay sees it within two minutes.`);
});

// ---- the outbox

export function showOutbox({ rows, total, problem }) {
  const received = Date.now();
  byId('outbox').hidden = false;
  const state = total === 0 ? 'empty' : `${count(total, 'event')} ${total === 1 ? 'waits' : 'wait'}`;
  setText(byId('outbox-state'), problem === null ? state : 'out of reach');
  byId('outbox-problem').hidden = problem === null;
  setText(byId('outbox-problem'), problem ?? '');
  byId('outbox-empty').hidden = problem !== null || total > 0;
  const more = total > rows.length ? [element('li', { class: 'quiet' }, `… and ${total - rows.length} more`)] : [];
  renew(byId('outbox-rows'), ...rows.map((row) => rowItem(row, received)), ...more);
}

function rowItem(row, received) {
  const { kind, text } = rowOf(row);
  const isDueLater = row.state === 'waiting' && row.due_in_s !== null;
  const due = countdown(received + row.due_in_s * 1000,
    (seconds) => (seconds > 0 ? `due in ${seconds} s` : 'due now'));
  return element('li', {},
    element('span', { class: 'type' }, row.event_type || row.event_id),
    element('span', { class: 'about' }, aboutOf(row)),
    element('span', { class: 'due' }, isDueLater ? due : ''),
    element('span', { class: `fate ${kind}` }, text));
}
