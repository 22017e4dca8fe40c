// The frame of the page: where one is, whether it is live, and the token.

import { token } from './api.js';
import { h, setText } from './dom.js';
import { clock } from './format.js';
import { modelPage } from './model.js';
import { modelsPage } from './models.js';

const main = document.getElementById('main');
const state = document.getElementById('state');
const said = document.getElementById('said');
const forget = document.getElementById('forget');
const api = document.getElementById('api');

const STATES = {
  live: 'Live',
  loading: 'Loading',
  paused: 'Paused while hidden',
  waiting: 'The server is away; trying again',
  silent: 'No word',
  broken: 'Stopped by a failure',
  refused: 'Not live for this token',
  gone: 'Not found',
  asking: 'Token needed',
};
const BETWEEN_WORDS = 5000;
let lastSaid = 0;

/** What pages tell the frame. */
const frame = {
  heard: null, // when something last came from the server
  is(what, since = null) {
    setText(state, since ? `${STATES[what]} since ${clock(since)}` : STATES[what]);
    state.dataset.state = what;
  },
  say(text) { // now and then, so that a screen reader keeps up
    if (Date.now() - lastSaid > BETWEEN_WORDS) {
      lastSaid = Date.now();
      setText(said, text);
    }
  },
};

let page = null;

function show(next) {
  page?.close();
  page = next;
  main.replaceChildren(next.element);
  forget.hidden = token.get() === null;
  api.hidden = !forget.hidden; // a link sends no token
}

function route() {
  const [, model] = /^#\/models\/([\w.-]+)$/.exec(location.hash) ?? [];
  document.title = model ? `${model} – fedstep` : 'fedstep';
  frame.is('loading');
  show(model ? modelPage(model, frame) : modelsPage(frame));
}

/** Asks for a token, which the server wants. */
function ask(reason) {
  const wrong = token.get() !== null;
  token.forget();
  const input = h('input', {
    id: 'token', type: 'password', required: true, autocomplete: 'off', spellcheck: 'false',
    'aria-describedby': 'token-help', 'aria-invalid': wrong ? 'true' : null,
  });
  const form = h('form', {
    class: 'card ask',
    onsubmit(event) {
      event.preventDefault();
      token.set(input.value.trim());
      route();
    },
  },
  h('h1', {}, 'This server asks for a token'),
  h('p', { id: 'token-help' }, wrong ? reason : 'A bearer token of an observer or an admin.',
    ' It stays in this tab and is gone when the tab is closed.'),
  h('label', { for: 'token' }, 'Token'),
  h('div', { class: 'row' }, input, h('button', { type: 'submit' }, 'Show the models')));
  show({ element: form, close() {} });
  frame.is('asking');
  input.focus();
}

window.addEventListener('unauthorized', (event) => {
  if (state.dataset.state !== 'asking') {
    ask(event.detail.message);
  }
});
window.addEventListener('hashchange', () => {
  route();
  main.focus({ preventScroll: true });
  scrollTo(0, 0);
});
forget.addEventListener('click', () => {
  token.forget();
  route();
});
document.querySelector('.skip').addEventListener('click', (event) => {
  event.preventDefault(); // the address says which page it is
  main.focus();
});
route();
