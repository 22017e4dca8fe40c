// Which charts a model has: every reported metric, norms, updates, weights and times over rounds.

import { newChart } from './chart.js';
import { h, section } from './dom.js';
import { between, count, duration, number } from './format.js';

const FIRST = ['loss', 'accuracy'];
const MOST_METRICS = 32;

function short(x) {
  const size = Math.abs(x);
  return size >= 1e4 || (x !== 0 && size < 1e-3) ? x.toExponential(0) : String(Number(x.toPrecision(3)));
}

const FIXED = [
  ['Gradient norm', (round) => round.gradient_norm, number, short],
  ['Step norm', (round) => round.step_norm, number, short],
  ['Updates', (round) => round.updates, count, short],
  ['Total weight', (round) => round.total_weight, number, short],
  ['Round duration', (round) => between(round.opened_at, round.ended_at), duration, duration],
  ['Time to close', (round) => between(round.closed_at, round.ended_at), duration, duration],
];

/** The names of all metrics, the loss first. */
export function metricNames(rounds, versions) {
  const names = new Set();
  [...rounds, ...versions].forEach((one) => Object.keys(one.metrics ?? {}).forEach((name) => names.add(name)));
  const rank = (name) => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length);
  return [...names].sort((a, b) => rank(a) - rank(b) || a.localeCompare(b)).slice(0, MOST_METRICS);
}

/** The part of the page with the charts. */
export function chartsPart() {
  const grid = h('div', { class: 'charts' });
  const hint = h('p', { class: 'empty' }, 'They begin with the first round that ends.');
  const outside = h('p', { class: 'muted', hidden: true },
    'What clients report, such as a loss, is outside of what privacy promises: only observers and admins see it.');
  const element = section('Over the rounds', hint, grid, outside);
  element.classList.add('wide');
  const metrics = new Map();
  const spent = newChart('Privacy spent (ε)', number, short);
  const fixed = FIXED.map(([title, value, format, tick]) => ({ value, chart: newChart(title, format, tick) }));
  grid.append(...fixed.map(({ chart }) => chart.element));

  return {
    element,
    /** Shows the rounds that ended, oldest first, what clients reported of versions, and privacy's budget. */
    set(rounds, versions, budget) {
      const over = rounds.filter((round) => round.outcome !== 'discarded');
      hint.hidden = over.length > 0;
      grid.hidden = over.length === 0;
      if (over.length === 0) {
        return;
      }
      const names = metricNames(over, versions);
      for (const name of names) {
        if (!metrics.has(name)) {
          metrics.set(name, newChart(name, number, short));
        }
      }
      const isPrivate = over.some((round) => round.privacy);
      outside.hidden = !isPrivate || names.length === 0;
      const wanted = [...names.map((name) => metrics.get(name)), ...(isPrivate ? [spent] : []),
        ...fixed.map(({ chart }) => chart)].map((chart) => chart.element);
      if (wanted.some((one, i) => grid.children[i] !== one)) {
        grid.replaceChildren(...wanted);
      }
      const xs = over.map((round) => round.round);
      for (const { value, chart } of fixed) {
        chart.set(xs, over.map((round) => value(round) ?? null));
      }
      spent.set(xs, over.map((round) => round.privacy?.epsilon ?? null), null, budget);
      for (const name of names) {
        const line = new Map(over.map((round) => [round.round, round.metrics[name]]));
        const reported = new Map(versions.filter((one) => name in one.metrics)
          .map((one) => [one.version, one.metrics[name]]));
        const all = [...new Set([...xs, ...reported.keys()])].sort((a, b) => a - b);
        metrics.get(name).set(
          all, all.map((x) => line.get(x) ?? null), all.map((x) => reported.get(x) ?? null));
      }
    },
    close() {
      [...metrics.values(), spent, ...fixed.map(({ chart }) => chart)].forEach((chart) => chart.close());
    },
  };
}
