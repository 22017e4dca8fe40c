// The page of a model: loads it, follows its events, and paints what changed.

import { actionsPart } from './actions.js';
import { follow, get, isAdmin, pathOf } from './api.js';
import { chartsPart } from './charts.js';
import { h, phasePill, setText } from './dom.js';
import { newFetches } from './fetches.js';
import { clock, count, number, sizeOf } from './format.js';
import { openPart } from './open.js';
import { peoplePart } from './people.js';
import { privacyPart } from './privacy.js';
import { roundsPart } from './rounds.js';
import { refusalsPart, specPart, tagsPart, versionsPart } from './tables.js';
import { troubleOf } from './trouble.js';

const PAINT_PAUSE = 150;
const MOST_ROUNDS = 500;
const KEPT_ROUNDS = 2000;
const LOOK_PAUSE = 5000;

/** The page of the model of that name. */
export function modelPage(name, frame) {
  const path = pathOf(name);
  const pill = h('span');
  const facts = h('p', { class: 'facts muted' });
  const mark = h('p', { class: 'mark', hidden: true });
  const trouble = h('p', { class: 'note bad', role: 'alert', hidden: true });
  const remedy = h('p', { class: 'note', hidden: true },
    'The other models go on. Want of room, of rights or of open files mends itself once it is gone, within five seconds. '
    + 'After an I/O error, restart the server. If the file has gone bad, stop the server and put the folder of the model '
    + 'in place from a back-up, or delete the model: docs/OPERATIONS.md, "When something goes wrong".');
  const open = openPart();
  const people = peoplePart();
  const actions = actionsPart(name, () => refresh('model', 'current', 'versions'));
  const privacy = privacyPart();
  const spec = specPart();
  const charts = chartsPart();
  const rounds = roundsPart(name, () => known.model);
  const refusals = refusalsPart();
  const versions = versionsPart();
  const tags = tagsPart();
  const parts = h('div', { class: 'parts', hidden: true },
    h('div', { class: 'column' }, open.element, privacy.element, refusals.element), people.element, charts.element, rounds.element, versions.element, tags.element, spec.element);
  const element = h('div', {},
    h('nav', { class: 'crumbs', 'aria-label': 'Where you are' }, h('a', { href: '#/' }, 'All models')),
    h('div', { class: 'title' }, h('h1', {}, name), pill), facts, mark, trouble, remedy, parts, actions.element);

  const abort = new AbortController();
  const known = { model: null, current: null, contributors: [], members: [], before: [], failures: [], privacy: null, rounds: new Map(), refusals: [], versions: [], tags: [] };
  const changed = new Set();
  let painting = null;
  let inOrder = [];
  let looking = null;
  let detail = '';

  function add({ clients, ...round }) { // who was in it is asked for when it is wanted
    known.rounds.set(round.round, round);
    if (known.rounds.size > KEPT_ROUNDS) {
      known.rounds.delete(Math.min(...known.rounds.keys()));
    }
  }

  // What is fetched

  const FETCHES = {
    model: async () => {
      known.model = await get(path, abort.signal);
    },
    current: async () => {
      known.current = await get(`${path}/rounds/current`, abort.signal);
    },
    contributors: async () => {
      const round = known.current?.round;
      if (round !== undefined) {
        const { updates } = await get(`${path}/rounds/${round}/updates`, abort.signal);
        known.contributors = round === known.current.round ? updates : [];
        known.members = known.current.members === undefined ? []
          : (await get(`${path}/rounds/${round}/members`, abort.signal)).members;
        known.failures = known.current.failed > 0
          ? (await get(`${path}/rounds/${round}/failures`, abort.signal)).failures : [];
      }
    },
    before: async () => { // who was in the round before
      const { rounds: [last] } = await get(`${path}/rounds?limit=1`, abort.signal);
      known.before = (last?.clients ?? []).map((one) => one.client);
    },
    privacy: async () => {
      if (known.model?.privacy) {
        known.privacy = await get(`${path}/privacy`, abort.signal);
      }
    },
    rounds: async () => {
      const { rounds: found } = await get(`${path}/rounds?limit=${MOST_ROUNDS}&clients=0`, abort.signal);
      found.forEach(add);
    },
    refusals: async () => {
      known.refusals = (await get(`${path}/refusals`, abort.signal)).refusals;
    },
    versions: async () => {
      known.versions = (await get(`${path}/versions`, abort.signal)).versions;
      known.tags = known.versions.length === 0 ? [] // before the first weights nothing has a name
        : (await get(`${path}/tags`, abort.signal)).tags;
    },
  };
  const fetches = newFetches(FETCHES, paint, failed);
  const { refresh } = fetches;

  function failed(what, e) {
    if (abort.signal.aborted) {
      return;
    }
    if (e.status === 403 && what !== 'model') {
      note(`${e.message} The open round is all that this token shows of it.`);
    } else if (e.status >= 400 && e.status !== 401 && e.status !== 429) {
      note(e.message);
    }
  }

  function note(text) {
    setText(trouble, text);
    trouble.hidden = text === '';
  }

  /** Says what the model tells of itself, and no more once it does not. */
  function noteDetail(text) {
    if (text !== '' || trouble.textContent === detail) {
      note(text);
    }
    detail = text;
  }

  // What is painted: only what changed, a few times a second

  const PAINTS = {
    model: () => {
      const { model } = known;
      parts.hidden = model.version === undefined;
      remedy.hidden = model.phase !== 'failed';
      showTags();
      pill.replaceChildren(phasePill(model.phase));
      noteDetail(model.detail ?? '');
      showMark();
      if (model.version !== undefined) {
        setText(facts, `${model.version === null ? 'No version yet' : `Version ${count(model.version)}`}${model.round.rounds ? ` of ${count(model.round.rounds)}` : ''}`
          + ` · ${count(model.parameters)} parameters · ${sizeOf(model)} an update or version · created ${clock(model.created_at)}`);
        spec.set(model);
      }
      if (model.privacy && known.privacy === null) {
        refresh('privacy');
      }
    },
    current: () => {
      open.set(known.current);
      pill.replaceChildren(phasePill(known.current.phase));
      showMark();
    },
    contributors: showPeople,
    before: showPeople,
    rounds: () => {
      inOrder = [...known.rounds.values()].sort((a, b) => a.round - b.round);
      rounds.set(inOrder);
      showCharts();
      showMark();
    },
    refusals: () => refusals.set(known.refusals),
    versions: () => {
      if (known.model?.parameters !== undefined) {
        versions.set(known.versions, known.model);
        showTags();
      }
      if (known.versions.some((one) => one.reports > 0)) {
        showCharts();
      }
    },
    privacy: () => {
      if (known.privacy !== null) {
        privacy.set(known.privacy, known.model);
        showCharts();
      }
    },
  };

  function showCharts() {
    charts.set(inOrder, known.versions, known.privacy?.budget ?? null);
  }

  function showMark() {
    const { text } = troubleOf({ ...known.model, ...known.current, round: known.model?.round }, inOrder.at(-1)?.outcome);
    setText(mark, text);
    mark.hidden = text === '';
  }

  function showTags() {
    tags.set(known.tags, known.versions);
    actions.set(known.model, known.versions, known.tags, isAdmin());
  }

  function showPeople() {
    const { model, contributors, before, failures, members, current } = known;
    people.set({ model, updates: contributors, before, failures, members, phase: current?.phase });
  }

  function paint(...whats) {
    whats.forEach((what) => changed.add(what));
    painting ??= setTimeout(() => {
      painting = null;
      const now = [...changed];
      changed.clear();
      now.forEach((what) => PAINTS[what]());
    }, PAINT_PAUSE);
  }

  // What is told

  function heard({ name: event, data }) {
    switch (event) {
      case 'round-opened':
        if (data.round !== known.current?.round) {
          known.contributors = [];
          known.members = [];
          known.failures = [];
          refresh('before');
        }
        known.current = data;
        paint('current');
        refresh('contributors');
        break;
      case 'update-accepted':
        known.current = data;
        paint('current');
        refresh('contributors');
        break;
      case 'round-completed':
      case 'round-discarded':
        add(data);
        paint('rounds');
        refresh('model', 'versions', 'privacy');
        frame.say(`Round ${data.round} ${data.outcome}`
          + ('loss' in data.metrics ? `, loss ${number(data.metrics.loss)}` : ''));
        break;
      case 'deadline-passed':
      case 'training-stopped':
      case 'training-started':
        known.current = data;
        paint('current');
        refresh('model');
        break;
      case 'roster-fixed':
      case 'sharing-over':
      case 'collecting-over':
        refresh('current', 'model', 'contributors');
        break;
      case 'update-refused':
        refresh('refusals');
        frame.say(`An update of ${data.client} was refused: ${data.code}`);
        break;
      case 'client-failed':
        refresh('current', 'contributors');
        frame.say(`${data.client} sends no update: ${data.error}`);
        break;
      case 'reported':
        refresh('versions');
        frame.say(`${data.client} reports of version ${data.version}: ${Object.entries(data.metrics)
          .map(([name, value]) => `${name} ${number(value)}`).join(', ')}`);
        break;
      case 'comment': // nothing for a while; what no event tells is looked up
        refresh('current', 'model', 'versions');
        break;
      default:
    }
  }

  function stateChanged(state, reason) {
    frame.is(state, state === 'silent' ? reason : null);
    if (state === 'live') {
      note('');
      refresh('model', 'privacy', 'current', 'rounds', 'refusals', 'versions', 'before');
    } else if (state === 'broken') {
      note(reason.message);
      refresh('model');
    } else if (state === 'refused' && reason.status === 404) {
      frame.is('gone');
      parts.hidden = true;
      actions.element.hidden = true;
      facts.hidden = true;
      mark.hidden = true;
      pill.replaceChildren();
      note(reason.message);
    } else if (state === 'refused') {
      looking ??= setInterval(() => document.hidden || refresh('model', 'current'), LOOK_PAUSE);
      refresh('model', 'current');
      failed('events', reason);
    }
  }

  const unfollow = follow(`${path}/events`, heard, stateChanged);
  const ticking = setInterval(() => open.tick(), 1000);
  const watching = setInterval(() => { // no event tells of a member's message
    if (known.current?.members !== undefined && !document.hidden) {
      refresh('current', 'contributors');
    }
  }, LOOK_PAUSE);

  return {
    element,
    close() {
      unfollow();
      abort.abort();
      clearInterval(ticking);
      clearInterval(watching);
      clearInterval(looking);
      clearTimeout(painting);
      fetches.close();
      charts.close();
    },
  };
}
