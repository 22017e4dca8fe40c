// What an admin may do to a model: each with what it will do, and a question first.

import { download, pathOf, send } from './api.js';
import { h, section, setText } from './dom.js';
import { count } from './format.js';

/** A question in front of the page; doIt is called with the form's values, and may say why not. */
function ask(title, text, fields, word, doIt) {
  const problem = h('p', { class: 'bad', role: 'alert', hidden: true });
  const form = h('form', { method: 'dialog' });
  const dialog = h('dialog', { class: 'card', 'aria-labelledby': 'question', onclose: () => dialog.remove() }, form);
  form.append(
    h('h2', { id: 'question' }, title), h('p', {}, text), ...fields, problem,
    h('div', { class: 'row' },
      h('button', { type: 'submit' }, word),
      h('button', { type: 'button', onclick: () => dialog.close() }, 'Leave it')));
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    try {
      await doIt(Object.fromEntries(new FormData(form)));
      dialog.close();
    } catch (e) {
      setText(problem, e.message);
      problem.hidden = false;
    }
  });
  document.body.append(dialog);
  dialog.showModal();
}

function field(name, label, properties) {
  return h('p', {}, h('label', { for: `q-${name}` }, label), ' ', h('input', { id: `q-${name}`, name, ...properties }));
}

function choice(name, label, options) {
  return h('p', {}, h('label', { for: `q-${name}` }, label), ' ',
    h('select', { id: `q-${name}`, name }, options.map(([value, text]) => h('option', { value }, text))));
}

const FILES = {
  weights: ['weights', 'application/vnd.safetensors', '.safetensors'],
  gradient: ['gradient', 'application/vnd.safetensors', '-gradient.safetensors'],
  state: ['optimizer/state', 'application/json', '-state.json'],
};

/** The part of the page with what an admin may do; changed is called after each that was done. */
export function actionsPart(name, changed) {
  const path = pathOf(name);
  const buttons = h('div', { class: 'row' });
  const done = h('p', { class: 'muted', role: 'status' });
  const element = section('Actions', buttons, done);
  element.hidden = true;
  let model = null;
  let versions = [];
  let tags = [];

  async function act(method, below, body, said) {
    await send(method, `${path}${below}`, body);
    setText(done, said);
    changed();
  }

  const numbers = () => versions.map((one) => [one.version, `version ${count(one.version)}`]);

  const ACTIONS = {
    Stop: () => ask('Stop training', 'Updates are refused from now on. The open round stays as it is, until training is started again.',
      [], 'Stop it', () => act('POST', '/stop', null, 'Training is stopped.')),
    Start: () => ask('Start training', 'Updates are taken again, into the round that is open.',
      [], 'Start it', () => act('POST', '/start', null, 'Training goes on.')),
    'Close the round': () => ask('Close the open round', 'Its updates make the next version now; at least min_updates have to be in.',
      [], 'Close it', () => act('POST', '/rounds/current/close', null, 'The round was closed.')),
    Restore: () => ask('Restore a version', 'Its weights and the state of its optimizer become a new version. The open round and its updates are discarded; nothing else is lost.',
      [choice('version', 'From', numbers())], 'Restore it',
      ({ version }) => act('POST', `/versions/${version}/restore`, null, `Version ${version} was restored.`)),
    Tag: () => ask('Tag a version', 'A tagged version is kept until the tag goes, and the tag is an address of it. A tag that is there moves.',
      [field('tag', 'Tag', { required: true, pattern: '[A-Za-z0-9][A-Za-z0-9._\\-]*' }), choice('version', 'For', numbers())], 'Tag it',
      ({ tag, version }) => act('PUT', `/tags/${encodeURIComponent(tag)}`, { version: Number(version) }, `Version ${version} is tagged ${tag}.`)),
    Untag: () => ask('Take a tag away', 'Its version is not kept any more by this name; nothing else changes.',
      [choice('tag', 'Tag', tags.map(({ tag, version }) => [tag, `${tag}, version ${count(version)}`]))], 'Untag it',
      ({ tag }) => act('DELETE', `/tags/${encodeURIComponent(tag)}`, null, `The tag ${tag} is gone.`)),
    'Round policy': () => ask('Change the round policy', 'It holds for the open round at once: with enough updates it closes.',
      [field('min', 'Least updates', { type: 'number', min: 1, value: model.round.min_updates }),
        field('max', 'Most updates', { type: 'number', min: 1, value: model.round.max_updates }),
        field('timeout', 'Deadline every (such as 600s; empty for none)', { value: model.round.timeout ?? '' })], 'Change it',
      ({ min, max, timeout }) => act('PUT', '/round',
        { ...model.round, min_updates: Number(min), max_updates: Number(max), timeout: timeout || null }, 'The round policy is another.')),
    Download: () => ask('Download', 'A file of one version.',
      [choice('version', 'Of', numbers()), choice('what', 'What', [['weights', 'weights'], ['gradient', 'gradient'], ['state', 'optimizer state'], ['record', 'record of its round']])],
      'Download it', ({ version, what }) => {
        if (what === 'record') {
          return download(`${path}/rounds/${version - 1}`, 'application/json', `${name}-round-${version - 1}.json`);
        }
        const [below, type, end] = FILES[what];
        return download(`${path}/versions/${version}/${below}`, type, `${name}-${version}${end}`);
      }),
    Delete: () => ask('Delete the model', `All versions, records and the open round of ${name} are removed.`,
      [field('name', 'Its name, to be sure', { required: true, autocomplete: 'off' })], 'Delete it',
      async (given) => {
        if (given.name !== name) {
          throw new Error(`That is not ${name}.`);
        }
        await act('DELETE', '', null, 'It is deleted.');
        location.hash = '#/';
      }),
  };

  const made = Object.fromEntries(Object.entries(ACTIONS).map(([word, doIt]) =>
    [word, h('button', { type: 'button', class: word === 'Delete' ? 'danger' : null, onclick: doIt }, word)]));
  buttons.append(...Object.values(made));

  return {
    element,
    set(now, kept, named, isAdmin) {
      model = now;
      versions = kept;
      tags = named;
      element.hidden = !isAdmin;
      const works = now.version !== undefined && now.phase !== 'failed';
      for (const [word, button] of Object.entries(made)) {
        button.hidden = word !== 'Delete' && !works;
      }
      made.Stop.hidden ||= now.phase === 'stopped';
      made.Start.hidden ||= now.phase !== 'stopped';
      for (const word of ['Restore', 'Tag', 'Download']) {
        made[word].hidden ||= kept.length === 0;
      }
      made.Untag.hidden ||= named.length === 0;
    },
  };
}
