// The table of rounds that ended; a row opens to the updates that were in it.

import { get, pathOf } from './api.js';
import { h, section, setText, table, when } from './dom.js';
import { between, clock, count, duration, number, sent } from './format.js';
import { metricNames } from './charts.js';

const PAGE = 15;
const MOST_COLUMNS = 2;

/** The updates of a round, as a table within a row. */
async function updatesOf(name, model, round) {
  const { updates } = await get(`${pathOf(name)}/rounds/${round}/updates`);
  const { frame, body } = table(`Updates of round ${round}`,
    ['Client', { text: 'Weight', class: 'n' }, { text: 'Norm', class: 'n' }, 'Received', 'Sent', 'Metrics', 'Digest']);
  body.append(...updates.map((one) => h('tr', {},
    h('th', { scope: 'row' }, one.client),
    h('td', { class: 'n' }, number(one.weight)),
    h('td', { class: 'n' }, number(one.norm)),
    h('td', {}, when(one.received_at, clock(one.received_at))),
    h('td', {}, sent(one, model)),
    h('td', {}, [one.staleness ? `${one.staleness} versions behind` : null,
      ...Object.entries(one.metrics).map(([name, value]) => `${name} ${number(value)}`)]
      .filter((text) => text).join(', ') || '–'),
    h('td', {}, h('code', {}, one.digest)))));
  return frame;
}

/** The part of the page with the rounds of a model, which is asked for as it is by then. */
export function roundsPart(name, modelNow) {
  const empty = h('p', { class: 'empty' }, 'No round has ended yet.');
  const place = h('div');
  const more = h('button', { type: 'button', class: 'more', onclick: showMore }, 'Show more rounds');
  const element = section('Rounds', empty, place, more);
  element.classList.add('wide');
  const rows = new Map();
  let body = null;
  let columns = null;
  let records = [];
  let most = PAGE;

  function newRow(round) {
    const inner = h('tr', { class: 'inner', hidden: true }, h('td', { colspan: String(9 + columns.length) }));
    const button = h('button', {
      type: 'button', 'aria-expanded': 'false', 'aria-label': `Updates of round ${round.round}`, onclick: toggle,
    }, count(round.round));
    async function toggle() {
      const opens = inner.hidden;
      inner.hidden = !opens;
      button.setAttribute('aria-expanded', String(opens));
      if (opens && inner.firstChild.childElementCount === 0) {
        inner.firstChild.replaceChildren(h('p', { class: 'empty' }, 'Loading.'));
        const content = await updatesOf(name, modelNow(), round.round).catch((e) => h('p', { class: 'bad' }, e.message));
        inner.firstChild.replaceChildren(content);
      }
    }
    const n = (text) => h('td', { class: 'n' }, text);
    const outer = h('tr', {},
      h('th', { scope: 'row' }, button),
      h('td', {}, h('span', { class: `pill ${round.outcome}` }, round.outcome)),
      h('td', {}, (round.closed_by ?? '–').replace('_', ' ')),
      n(count(round.updates)), n(number(round.total_weight)),
      columns.map((name) => n(number(round.metrics[name]))),
      n(number(round.gradient_norm)), n(number(round.step_norm)),
      n(duration(between(round.opened_at, round.ended_at))),
      h('td', {}, when(round.ended_at, clock(round.ended_at))));
    return [outer, inner];
  }

  function newTable() {
    const n = (text) => ({ text, class: 'n' });
    const made = table('Rounds that ended, newest first',
      ['Round', 'Outcome', 'Closed by', n('Updates'), n('Weight'), ...columns.map(n), n('Gradient norm'), n('Step norm'), n('Duration'), 'Ended']);
    rows.clear();
    body = made.body;
    place.replaceChildren(made.frame);
  }

  function arrange() {
    const names = metricNames(records, []).slice(0, MOST_COLUMNS);
    if (columns === null || columns.join() !== names.join()) {
      columns = names;
      newTable();
    }
    const shown = records.slice(-most).reverse();
    const kept = new Set(shown.map((round) => round.round));
    for (const [number_, pair] of rows) {
      if (!kept.has(number_)) {
        pair.forEach((row) => row.remove());
        rows.delete(number_);
      }
    }
    let before = body.firstChild;
    for (const round of shown) {
      if (!rows.has(round.round)) {
        const pair = newRow(round);
        rows.set(round.round, pair);
        pair.forEach((row) => body.insertBefore(row, before));
      } else {
        before = rows.get(round.round)[1].nextSibling;
      }
    }
    empty.hidden = records.length > 0;
    place.hidden = records.length === 0;
    more.hidden = records.length <= most;
    setText(more, `Show more of ${count(records.length)} rounds`);
  }

  function showMore() {
    most += 5 * PAGE;
    arrange();
  }

  return {
    element,
    /** Shows records, oldest first. */
    set(rounds) {
      records = rounds;
      arrange();
    },
  };
}
