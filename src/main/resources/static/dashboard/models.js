// The page of all models.

import { get } from './api.js';
import { h, phasePill, progress, setText } from './dom.js';
import { count, ofMost, plugin, sizeOf, until } from './format.js';
import { newSpark } from './spark.js';
import { troubleOf } from './trouble.js';

const PAUSE = 2000;
const SILENCE = 10000;
const MOST = 200;
const MOST_SPARKS = 24;
const TROUBLE = 'in trouble';
const WELL = 4;

/** A model's card, which is filled anew with every look. */
function newCard(name) {
  const pill = h('span');
  const facts = h('p', { class: 'facts' });
  const recipe = h('p', { class: 'muted' });
  const updates = h('span', { class: 'updates' });
  const deadline = h('span', { class: 'muted deadline' });
  const bar = progress(`Updates of ${name}'s open round`);
  const round = h('div', { class: 'round' }, bar.bar, h('p', { class: 'line' }, updates, deadline));
  const broken = h('p', { class: 'bad', hidden: true });
  const mark = h('p', { class: 'mark', hidden: true });
  const spark = newSpark(name);
  const element = h('li', { class: 'card model' },
    h('h2', {}, h('a', { href: `#/models/${encodeURIComponent(name)}` }, name), pill),
    mark, facts, recipe, spark.element, round, broken);
  let shown = null;

  return {
    element,
    name,
    outcome: () => spark.outcome(),
    set(model, trouble) {
      shown = model;
      setText(mark, trouble.text);
      mark.hidden = trouble.text === '';
      pill.replaceChildren(phasePill(model.phase));
      const works = model.parameters !== undefined;
      round.hidden = !works;
      broken.hidden = !model.detail;
      setText(broken, model.detail ?? '');
      if (works) {
        const { min_updates: min, max_updates: max, rounds } = model.round;
        setText(facts, `${model.version === null ? 'no version yet' : `version ${count(model.version)}`}${rounds ? ` of ${count(rounds)}` : ''} · `
          + `${count(model.parameters)} parameters · ${sizeOf(model)}`);
        setText(recipe, [...model.optimizer.modules.map((one) => one[0]), model.aggregator[0]].join(', '));
        recipe.title = [...model.optimizer.modules, model.aggregator].map(plugin).join(', ');
        const text = ofMost(model.updates, max);
        bar.bar.hidden = model.updates === null;
        bar.set(model.updates, min, max, `${text}, ${count(min)} needed`);
        setText(updates, text);
      }
      this.tick();
    },
    look() {
      if (shown.version > 0) {
        spark.look(shown.version);
      }
    },
    tick() {
      const waits = shown?.deadline && shown.phase === 'collecting';
      setText(deadline, waits ? `deadline ${until(shown.deadline)}` : '');
    },
  };
}

/** The page; it looks every two seconds while it is seen. */
export function modelsPage(frame) {
  const cards = new Map();
  const list = h('ul', { class: 'cards' });
  const summary = h('p', { class: 'muted' }, 'Loading the models.');
  const filter = h('input', { id: 'filter', type: 'search', autocomplete: 'off', oninput: arrange });
  const state = h('select', { id: 'phase', onchange: arrange });
  const search = h('div', { class: 'filter', hidden: true },
    h('label', { for: 'filter' }, 'Filter'), filter, h('label', { for: 'phase' }, 'State'), state);
  const element = h('div', {},
    h('div', { class: 'title' }, h('h1', {}, 'Models'), search), summary, list);
  const abort = new AbortController();
  let timer = null;
  let busy = false;
  let models = [];

  /** How many there are of each state, and a choice of them. */
  function countStates(troubles) {
    const counts = new Map();
    models.forEach((one) => counts.set(one.phase, (counts.get(one.phase) ?? 0) + 1));
    const bad = [...troubles.values()].filter((one) => one.rank < WELL).length;
    const states = [['', `all ${count(models.length)}`], [TROUBLE, `${TROUBLE} ${count(bad)}`],
      ...[...counts].sort().map(([phase, number]) => [phase, `${phase} ${count(number)}`])];
    const said = states.map(([, text]) => text).join();
    if (state.dataset.said !== said) {
      state.dataset.said = said;
      const chosen = state.value;
      state.replaceChildren(...states.map(([value, text]) => h('option', { value }, text)));
      state.value = states.some(([value]) => value === chosen) ? chosen : '';
    }
  }

  function arrange() {
    const troubles = new Map(models.map((one) => [one.model, troubleOf(one, cards.get(one.model)?.outcome())]));
    countStates(troubles);
    const rank = (one) => troubles.get(one.model).rank;
    const wanted = models
      .filter((one) => one.model.includes(filter.value.trim()))
      .filter((one) => state.value === '' || (state.value === TROUBLE ? rank(one) < WELL : one.phase === state.value))
      .sort((a, b) => rank(a) - rank(b)); // those of one rank stay in the order of names
    const shown = wanted.slice(0, MOST);
    for (const model of shown) {
      if (!cards.has(model.model)) {
        cards.set(model.model, newCard(model.model));
      }
      cards.get(model.model).set(model, troubles.get(model.model));
    }
    const elements = shown.map((model) => cards.get(model.model).element);
    if (elements.length !== list.children.length || elements.some((one, i) => list.children[i] !== one)) {
      list.replaceChildren(...elements);
    }
    shown.slice(0, MOST_SPARKS).forEach((model) => cards.get(model.model).look());
    search.hidden = models.length < 2;
    setText(summary, describe(wanted.length, shown.length));
  }

  function describe(wanted, shown) {
    if (models.length === 0) {
      return 'There is no model yet: PUT /v1/models/NAME creates one.';
    }
    const of = (phase) => models.filter((one) => one.phase === phase).length;
    const others = ['failed', 'stopped', 'awaiting-weights'].filter(of).map((phase) => `, ${count(of(phase))} ${phase}`);
    const all = `${count(models.length)} ${models.length === 1 ? 'model' : 'models'}, ${count(of('collecting'))} collecting updates${others.join('')}`;
    return wanted === models.length && shown === wanted ? all : `${all}; ${count(shown)} of ${count(wanted)} that match are shown`;
  }

  async function look() {
    clearTimeout(timer);
    if (busy) {
      return;
    }
    if (document.hidden) {
      frame.is('paused');
      return;
    }
    busy = true;
    const started = performance.now();
    const patience = setTimeout(() => frame.is('silent', frame.heard), SILENCE);
    try {
      models = (await get('models', abort.signal)).models;
      arrange();
      frame.heard = new Date();
      frame.is('live');
    } catch (e) {
      if (abort.signal.aborted || e.status === 401) {
        return;
      }
      frame.is('waiting');
      setText(summary, e.message);
    } finally {
      clearTimeout(patience);
      busy = false;
    }
    // a long list is asked for less often
    timer = setTimeout(look, Math.max(PAUSE, 10 * (performance.now() - started)));
  }

  const ticking = setInterval(() => cards.forEach((card) => card.tick()), 1000);
  document.addEventListener('visibilitychange', look);
  look();
  return {
    element,
    close() {
      abort.abort();
      clearTimeout(timer);
      clearInterval(ticking);
      document.removeEventListener('visibilitychange', look);
    },
  };
}
