// Who is in the open round, who is missing of those that were in the last, and who told of a failure.

import { h, section, setText, table } from './dom.js';
import { clock, count, number, sent } from './format.js';

const MOST_ROWS = 100;
const ORDER = { failed: 0, lost: 1, missing: 2, in: 3 };
const STAGES = ['joining', 'sharing', 'collecting', 'unmasking'];
const DONE = ['joined', 'shared its keys', 'sent its update', 'answered'];

/** The table of clients, which one may search. */
export function peoplePart() {
  const search = h('input', { id: 'client', type: 'search', autocomplete: 'off', oninput: show });
  const summary = h('p', { class: 'muted' }, 'Nobody yet.');
  const { frame, body } = table('Clients of the open round', [
    'Client', 'State', { text: 'Weight', class: 'n' }, { text: 'Norm', class: 'n' }, 'At', 'What it told', 'Sent']);
  const element = section('Clients', h('div', { class: 'filter' },
    h('label', { for: 'client' }, 'Search'), search), summary, frame);
  element.classList.add('people');
  let people = [];
  let ofLast = true;
  let model = null;

  function row(one) {
    const { client, state, weight, norm, at, told } = one;
    return h('tr', {},
      h('th', { scope: 'row' }, client),
      h('td', {}, h('span', { class: `pill ${state}` }, state)),
      h('td', { class: 'n' }, weight === undefined ? '–' : number(weight)),
      h('td', { class: 'n' }, norm === undefined ? '–' : number(norm)),
      h('td', {}, at ? clock(at) : '–'),
      h('td', {}, told ?? ''),
      h('td', {}, sent(one, model)));
  }

  /** A member of a secure round: whether it has answered the stage that is on, or may, or missed one. */
  function memberOf({ client, stage }, now) {
    const last = STAGES.indexOf(stage);
    const state = last >= now ? 'in' : last === now - 1 ? 'missing' : 'lost';
    return { state, told: state === 'in' ? DONE[last] : `${DONE[last]}, and has not ${DONE[last + 1]}` };
  }

  function show() {
    const wanted = people.filter((one) => one.client.includes(search.value.trim()));
    body.replaceChildren(...wanted.slice(0, MOST_ROWS).map(row));
    frame.hidden = wanted.length === 0;
    const number = (state) => count(people.filter((one) => one.state === state).length);
    const all = people.length === 0 ? 'Nobody yet.'
      : `${number('in')} in, ${number('missing')} ${ofLast ? 'of the last round missing' : 'still to come'}, ${number('failed')} told of a failure`
        + (people.some((one) => one.state === 'lost') ? `, ${number('lost')} lost on the way` : '');
    setText(summary, wanted.length > MOST_ROWS || wanted.length < people.length
      ? `${all}; ${count(Math.min(wanted.length, MOST_ROWS))} of ${count(wanted.length)} that match are shown` : all);
  }

  return {
    element,
    /**
     * Of a model the open round's updates, the clients of the round before, and failures that were
     * told; of a secure round its members, and the stage that is on.
     */
    set({ model: shown, updates, before, failures, members = [], phase = '' }) {
      model = shown;
      const now = phase === 'closing' ? STAGES.length - 1 : STAGES.indexOf(phase);
      const here = new Set([...updates, ...members].map((one) => one.client));
      const failed = new Map(failures.map((one) => [one.client, one]));
      const arrived = new Map(updates.map((one) => [one.client, { ...one, state: 'in', at: one.received_at }]));
      members.filter(({ client }) => !failed.has(client)).forEach((one) => arrived.set(one.client,
        { client: one.client, ...arrived.get(one.client), ...memberOf(one, now) }));
      ofLast = members.length === 0 || now < 1;
      people = [
        ...arrived.values(),
        ...failures.map((one) => ({
          client: one.client, state: 'failed', at: one.at, told: [one.error, one.detail].filter(Boolean).join(': '),
        })),
        ...(ofLast ? before : []).filter((client) => !here.has(client) && !failed.has(client))
          .map((client) => ({ client, state: 'missing' })),
      ].sort((a, b) => ORDER[a.state] - ORDER[b.state] || a.client.localeCompare(b.client));
      show();
    },
  };
}
