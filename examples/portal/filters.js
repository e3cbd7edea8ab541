// A view's filters: a change is a new address, so that “back” goes back.

import { element, hash } from './elements.js';

export function option(value, text, chosen) {
  return element('option', { value, selected: value === (chosen ?? '') }, text);
}

// `inputs` are the selects and inputs, by their labels.
export function filterForm(view, inputs) {
  const labels = Object.entries(inputs).map(([label, input]) => element('label', {}, element('span', {}, label), input));
  const form = element('form', { class: 'filters', role: 'search', 'aria-label': 'Filters' }, ...labels);
  const apply = () => {
    const chosen = [...new FormData(form)].map(([name, value]) => [name, value.trim()]).filter(([, value]) => value !== '');
    location.hash = hash(view, chosen);
  };
  form.addEventListener('change', apply);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    apply();
  });
  return form;
}
