// The lists of a model's page: updates that were refused, versions, their tags, and the spec.

import { h, section, table, when } from './dom.js';
import { clock, count, number, plugin, sizeOf, spoken } from './format.js';

const MOST_UNSCROLLED = 5;

/** Who was refused, and why. */
export function refusalsPart() {
  const list = h('ol', { class: 'refusals', 'aria-label': 'Refused updates, newest first' });
  const empty = h('p', { class: 'empty' }, 'No update was refused since the server started.');
  const reasons = h('p', { class: 'reasons' });
  const element = section('Refused updates', empty, reasons, list);
  return {
    element,
    set(refusals) {
      empty.hidden = refusals.length > 0;
      if (refusals.length > MOST_UNSCROLLED) {
        list.tabIndex = 0; // so that keys scroll it
      }
      const counts = new Map();
      refusals.forEach((one) => counts.set(one.code, (counts.get(one.code) ?? 0) + 1));
      reasons.replaceChildren(...[...counts].sort((a, b) => b[1] - a[1])
        .map(([code, number]) => h('span', { class: 'pill refused' }, `${code} ${count(number)}`)));
      list.replaceChildren(...refusals.map((one) => h('li', {},
        h('span', { class: 'muted' }, when(one.at, clock(one.at))),
        h('b', {}, one.client),
        h('span', {}, h('span', { class: 'pill refused' }, `${one.status} ${one.code}`)),
        h('span', { class: 'muted' }, `round ${count(one.round)}`),
        h('span', { class: 'reason' }, one.detail))));
    },
  };
}

/** What clients reported of a version, as means. */
function reported({ reports, metrics }) {
  return reports === 0 ? '–' : `${Object.entries(metrics)
    .map(([name, value]) => `${name} ${number(value)}`).join(', ')} (${count(reports)})`;
}

/** The names of versions; it is hidden where there are none. */
export function tagsPart() {
  const { frame, body } = table('Tags by name', ['Tag', 'Version', 'Made at', 'Reported by clients']);
  const element = section('Tags', frame);
  element.hidden = true;
  return {
    element,
    set(tags, versions) {
      element.hidden = tags.length === 0;
      const kept = new Map(versions.map((one) => [one.version, one]));
      body.replaceChildren(...tags.map(({ tag, version }) => {
        const one = kept.get(version); // none where more versions are kept than are listed
        return h('tr', {},
          h('th', { scope: 'row' }, tag),
          h('td', {}, count(version)),
          h('td', {}, one ? when(one.created_at, clock(one.created_at)) : '–'),
          h('td', {}, one ? reported(one) : '–'));
      }));
    },
  };
}

/** The versions that are kept. */
export function versionsPart() {
  const { frame, body } = table('Versions kept, newest first',
    ['Version', 'Made by', 'At', 'Size', 'Digest', 'Reported by clients']);
  const element = section('Versions', frame);
  return {
    element,
    set(versions, model) {
      body.replaceChildren(...versions.map((one) => h('tr', {},
        h('th', { scope: 'row' }, count(one.version)),
        h('td', {}, one.made_by),
        h('td', {}, when(one.created_at, clock(one.created_at))),
        h('td', {}, sizeOf(model)),
        h('td', {}, h('code', {}, one.digest)),
        h('td', {}, reported(one)))));
    },
  };
}

function policy(round) {
  const most = round.max_updates;
  const words = [round.timeout
    ? `closes with ${count(most)} updates, or every ${spoken(round.timeout)} with at least ${count(round.min_updates)}`
    : `closes with ${count(most)} ${most === 1 ? 'update' : 'updates'}`];
  if (round.mode === 'buffered') {
    words.push(`buffered: updates may be ${count(round.max_staleness)} versions behind`);
  }
  if (round.participation !== undefined && round.participation < 1) {
    words.push(`invites ${number(100 * round.participation)} % of the clients`);
  }
  if (round.rounds) {
    words.push(`stops at version ${count(round.rounds)}`);
  }
  return words.join('; ');
}

function best({ metric, mode, min_reports: least }) {
  return `has the ${mode === 'max' ? 'largest' : 'least'} ${metric}${least === null ? '' : `, of at least ${count(least)} reports`}`;
}

function bound({ max_norm: norm, max_weight: weight, action }) {
  const words = [];
  if (norm !== undefined) {
    words.push(`L2 norm ${norm}`);
  }
  if (weight !== undefined) {
    words.push(`weight ${number(weight)}`);
  }
  return `${words.join(', ')}; ${action}`;
}

function secrecy({ clip_norm: norm, noise_multiplier: noise, epsilon, delta, where }) {
  return `clip norm ${number(norm)}, noise multiplier ${number(noise)}, ${epsilon === null ? 'no budget' : `ε ${number(epsilon)}`}, δ ${delta.toExponential()}, noise by the ${where}`;
}

/** What the model is made of, in words and as its spec. */
export function specPart() {
  const list = h('dl', { class: 'spec' });
  const raw = h('pre', { tabindex: '0' });
  const element = section('Spec', list, h('details', {}, h('summary', {}, 'As JSON'), raw));
  return {
    element,
    set(model) {
      const { lrate, w_decay: decay, modules, regularizers } = model.optimizer;
      const rows = [
        ['Optimizer', modules.length ? modules.map(plugin).join(', then ') : 'plain gradient step'],
        ['Controls', modules.some(([name]) => name === 'scaffold-server')
          ? 'each update says its local rate and the control that it was computed with' : null],
        ['Learning rate', typeof lrate === 'number' ? String(lrate) : plugin(lrate)],
        ['Weight decay', decay ? (typeof decay === 'number' ? String(decay) : plugin(decay)) : null],
        ['Regularizers', regularizers?.length ? regularizers.map(plugin).join(', ') : null],
        ['Aggregator', plugin(model.aggregator)],
        ['Update bound', model.update_bound ? bound(model.update_bound) : null],
        ['Best version', model.keep_best ? best(model.keep_best) : null],
        ['Privacy', model.privacy ? secrecy(model.privacy) : null],
        ['Round', policy(model.round)],
        ['First weights', model.weights === 'required' ? 'are set before the first round' : null],
        ['Metadata', model.metadata && Object.keys(model.metadata).length > 0 ? JSON.stringify(model.metadata) : null],
        ['Tensors', model.layout.slice(0, 12)
          .map(({ name, shape, step }) => `${name} [${shape.join(', ')}]${step === 'plain' ? ' only averaged' : ''}`).join(', ')
          + (model.layout.length > 12 ? ` and ${count(model.layout.length - 12)} more` : '')],
        ['Numbers', model.dtype],
      ].filter(([, value]) => value !== null);
      list.replaceChildren(...rows.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]));
      const { tensors, dtype, optimizer, aggregator, update_bound: most, round, privacy } = model;
      raw.textContent = JSON.stringify({ tensors, dtype, optimizer, aggregator, update_bound: most, round, privacy }, null, 2);
    },
  };
}
