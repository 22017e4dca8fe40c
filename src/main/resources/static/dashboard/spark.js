// The course of a model's loss, small enough for its card.

import { get, pathOf } from './api.js';
import { h, setText } from './dom.js';
import { metricNames } from './charts.js';
import { number } from './format.js';

const SVG = 'http://www.w3.org/2000/svg';
const ROUNDS = 60;
const PAUSE = 4000;
const WIDTH = 120;
const HEIGHT = 32;

function path(values) {
  const low = Math.min(...values);
  const span = Math.max(...values) - low || 1;
  return values.map((y, i) => {
    const across = values.length === 1 ? 0 : (i * WIDTH) / (values.length - 1);
    return `${across.toFixed(1)},${(HEIGHT - 2 - ((y - low) / span) * (HEIGHT - 4)).toFixed(1)}`;
  }).join(' ');
}

/** The line, with the last value in words; it asks again when there is another version. */
export function newSpark(model) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('aria-hidden', 'true'); // the text beside it says where it has come to
  const line = document.createElementNS(SVG, 'polyline');
  svg.append(line);
  const text = h('span', { class: 'muted' });
  const element = h('p', { class: 'spark', hidden: true }, svg, text);
  let version = null;
  let asked = -Infinity;
  let outcome = null;

  return {
    element,
    /** How the last round ended, as far as it was looked at. */
    outcome: () => outcome,
    async look(newest) {
      if (newest === version || performance.now() - asked < PAUSE) {
        return;
      }
      asked = performance.now();
      try {
        const { rounds } = await get(`${pathOf(model)}/rounds?limit=${ROUNDS}&clients=0`);
        version = newest;
        outcome = rounds[0]?.outcome;
        const [name] = metricNames(rounds, []);
        const values = rounds.reverse().map((round) => round.metrics[name]).filter((y) => y !== undefined);
        element.hidden = values.length === 0;
        if (values.length > 0) {
          line.setAttribute('points', path(values));
          setText(text, `${name} ${number(values.at(-1))}`);
        }
      } catch (e) {
        asked = e.status === 403 ? Infinity : asked; // a client's token shows no rounds
      }
    },
  };
}
