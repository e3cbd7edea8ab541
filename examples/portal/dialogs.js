// Dialogs: a form whose refusal is shown beside its fields, and a secret.

import { Failure } from './api.js';
import { button, element } from './elements.js';

let count = 0;

// A field: its label, its hint, and the place where a refusal of the API is shown.
export function field(label, input, hint) {
  const id = `field-${(count += 1)}`;
  input.id = id;
  input.setAttribute('aria-describedby', `${id}-hint ${id}-fault`);
  return element('div', { class: 'field' },
    element('label', { for: id }, label), input,
    element('p', { id: `${id}-hint`, class: 'quiet' }, hint ?? ''),
    element('p', { id: `${id}-fault`, class: 'fault' }));
}

// Opens a form. `act(form, { signal, progress })` does what the form asks for. Then the dialog closes, and what `act`
// returned is called. If `act` throws a Failure, the dialog stays open, with the reason. Closing it aborts the signal.
export function ask(title, content, confirm, act, { className = 'primary' } = {}) {
  const problem = element('p', { class: 'fault', role: 'alert' });
  const progress = element('p', { class: 'quiet', role: 'status' });
  const submit = element('button', { class: className }, confirm);
  const cancel = button('Cancel', () => dialog.close());
  const form = element('form', {}, element('h2', { id: 'dialog-title' }, title), ...content, progress, problem,
    element('div', { class: 'buttons' }, cancel, submit));
  const dialog = opened(form);
  const closed = new AbortController();
  dialog.addEventListener('close', () => closed.abort());
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (submit.getAttribute('aria-disabled')) return;
    submit.setAttribute('aria-disabled', 'true');
    clearFaults(form, problem);
    try {
      const then = await act(form, { signal: closed.signal, progress: (text) => progress.replaceChildren(text) });
      dialog.close();
      then?.();
    } catch (error) {
      if (closed.signal.aborted) return;
      if (!(error instanceof Failure)) throw error;
      progress.replaceChildren();
      showFaults(form, problem, error);
    } finally {
      submit.removeAttribute('aria-disabled');
    }
  });
}

export function showSecret(secret, note) {
  const shown = element('code', { class: 'secret' }, secret);
  const state = element('p', { class: 'quiet', role: 'status' });
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(secret);
      state.replaceChildren('Copied.');
    } catch {
      getSelection().selectAllChildren(shown);
      state.replaceChildren('The secret is selected. Copy it by hand.');
    }
  };
  const dialog = opened(element('div', {},
    element('h2', { id: 'dialog-title' }, 'Secret'), element('p', {}, note), element('p', {}, shown), state,
    element('div', { class: 'buttons' }, button('Copy', copy), button('Close', () => dialog.close()))));
}

function opened(content) {
  const dialog = element('dialog', { 'aria-labelledby': 'dialog-title' }, content);
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

function clearFaults(form, problem) {
  problem.replaceChildren();
  for (const fault of form.querySelectorAll('.field .fault')) fault.replaceChildren();
  for (const input of form.querySelectorAll('[aria-invalid]')) input.removeAttribute('aria-invalid');
}

// A fault is shown at the field that it names, and in the sentence above the buttons if there is no such field.
function showFaults(form, problem, error) {
  const rest = [];
  for (const { field: name, detail } of error.fields) {
    const input = form.elements.namedItem(name.split('.')[0]);
    const place = input?.id && document.getElementById(`${input.id}-fault`);
    if (place) {
      place.append(`${detail}. `);
      if (input.matches('input')) input.setAttribute('aria-invalid', 'true');
    } else {
      rest.push(`${name}: ${detail}.`);
    }
  }
  problem.append([error.sentence, ...rest].join(' '));
  form.querySelector('[aria-invalid]')?.focus();
}
