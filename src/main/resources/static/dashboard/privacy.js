// What a private model has spent of its budget, and for how many rounds the rest pays.

import { h, progress, section, setText } from './dom.js';
import { count, number } from './format.js';

const NEARLY = 0.9; // from there on an alert tells, too

function left({ budget, rounds, rounds_left: rest }) {
  const paid = `${count(rounds)} ${rounds === 1 ? 'round' : 'rounds'} paid for`;
  if (budget === null) {
    return `${paid}; no budget ends training`;
  }
  return rest === 0 ? `${paid}; nothing is left for another` : `${paid}, ${count(rest)} left`;
}

/** The part of the page with the budget; it is hidden for a model without privacy. */
export function privacyPart() {
  const bar = progress('Spent of the privacy budget');
  const spent = h('strong');
  const rounds = h('span', { class: 'muted' });
  const terms = h('span', { class: 'muted' });
  const element = section('Privacy', bar.bar,
    h('p', { class: 'line' }, spent, rounds), h('p', { class: 'line' }, terms));
  element.classList.add('open', 'budget');
  element.hidden = true;
  return {
    element,
    /** Shows what the client with most rounds has spent. */
    set(account, { privacy }) {
      const { epsilon, budget, delta, clip_norm: norm } = account;
      element.hidden = false;
      const text = budget === null ? `ε ${number(epsilon)}` : `ε ${number(epsilon)} of ${number(budget)}`;
      bar.bar.hidden = budget === null;
      bar.set(epsilon, NEARLY * budget, budget, `${text} is spent`);
      setText(spent, text);
      setText(rounds, left(account));
      setText(terms, `of the client with most rounds · δ ${delta.toExponential()} · noise multiplier ${number(privacy.noise_multiplier)}`
        + ` by the ${privacy.where} · clip norm ${number(norm)}`);
    },
  };
}
