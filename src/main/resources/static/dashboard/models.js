// The page of all models.

import { get } from './api.js';
import { h, phasePill, progress, setText } from './dom.js';
import { count, plugin, sizeOf, until } from './format.js';
import { newSpark } from './spark.js';

const PAUSE = 2000;
const MOST = 200;
const MOST_SPARKS = 24;

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
  const spark = newSpark(name);
  const element = h('li', { class: 'card model' },
    h('h2', {}, h('a', { href: `#/models/${encodeURIComponent(name)}` }, name), pill),
    facts, recipe, spark.element, round, broken);
  let shown = null;

  return {
    element,
    name,
    set(model) {
      shown = model;
      pill.replaceChildren(phasePill(model.phase));
      const works = model.parameters !== undefined;
      round.hidden = !works;
      broken.hidden = !model.detail;
      setText(broken, model.detail ?? '');
      if (works) {
        const { min_updates: min, max_updates: max, rounds } = model.round;
        setText(facts, `version ${count(model.version)}${rounds ? ` of ${count(rounds)}` : ''} · `
          + `${count(model.parameters)} parameters · ${sizeOf(model)}`);
        setText(recipe, [...model.optimizer.modules.map((one) => one[0]), model.aggregator[0]].join(', '));
        recipe.title = [...model.optimizer.modules, model.aggregator].map(plugin).join(', ');
        bar.set(model.updates, min, max);
        setText(updates, `${count(model.updates)} of ${count(max)} updates`);
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
  const search = h('div', { class: 'filter', hidden: true }, h('label', { for: 'filter' }, 'Filter'), filter);
  const element = h('div', {},
    h('div', { class: 'title' }, h('h1', {}, 'Models'), search), summary, list);
  const abort = new AbortController();
  let timer = null;
  let busy = false;
  let models = [];

  function arrange() {
    const wanted = models.filter((one) => one.model.includes(filter.value.trim()));
    const shown = wanted.slice(0, MOST);
    for (const model of shown) {
      if (!cards.has(model.model)) {
        cards.set(model.model, newCard(model.model));
      }
      cards.get(model.model).set(model);
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
    const collecting = models.filter((one) => one.phase === 'collecting').length;
    const all = `${count(models.length)} ${models.length === 1 ? 'model' : 'models'}, ${count(collecting)} collecting updates`;
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
    try {
      models = (await get('models', abort.signal)).models;
      arrange();
      frame.is('live');
    } catch (e) {
      if (abort.signal.aborted || e.status === 401) {
        return;
      }
      frame.is('waiting');
      setText(summary, e.message);
    } finally {
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
