// The server: requests with the tab's token, and its events.

const KEY = 'fedstep-token';
const FIRST_DELAY = 1000;
const LAST_DELAY = 30000;
const SILENCE = 35000; // two heartbeats, and some

/** The token, which this tab alone keeps, and no longer than it is open. */
export const token = {
  get: () => sessionStorage.getItem(KEY),
  set: (value) => sessionStorage.setItem(KEY, value),
  forget: () => sessionStorage.removeItem(KEY),
};

/** An answer that is none: a problem document of the server, or nothing at all. */
export class Refused extends Error {
  constructor(status, code, detail) {
    super(detail);
    this.status = status;
    this.code = code;
  }
}

let ahead = 0;
let role = null;

/** Whether the server took whoever looks for an admin when it last said. */
export function isAdmin() {
  return role === 'admin';
}

/** The server's clock, in milliseconds: deadlines are its own. */
export function serverNow() {
  return Date.now() + ahead;
}

function compareClocks(date) {
  const difference = new Date(date) - Date.now();
  ahead = Math.abs(difference) > 2000 ? difference : 0; // the field has whole seconds
}

async function request(path, headers = {}, signal = undefined, method = 'GET', body = undefined) {
  const known = token.get();
  if (known) {
    headers.Authorization = `Bearer ${known}`;
  }
  let response;
  try {
    response = await fetch(`v1/${path}`, { method, body, headers, signal, cache: 'no-store', credentials: 'same-origin' });
  } catch (e) {
    throw e.name === 'AbortError' ? e : new Refused(0, 'unreachable', 'The server cannot be reached.');
  }
  compareClocks(response.headers.get('Date'));
  role = response.headers.get('Fedstep-Role') ?? role;
  if (response.ok) {
    return response;
  }
  const problem = await response.json().catch(() => ({}));
  const refused = new Refused(
    response.status, problem.code ?? 'unknown', problem.detail ?? `The server answered ${response.status}.`);
  if (response.status === 401) {
    window.dispatchEvent(new CustomEvent('unauthorized', { detail: refused }));
  }
  throw refused;
}

/** The JSON at a path below /v1/. */
export async function get(path, signal) {
  return (await request(path, { Accept: 'application/json' }, signal)).json();
}

/** Sends a change, with JSON or without. */
export async function send(method, path, json) {
  const body = json === null ? undefined : JSON.stringify(json);
  await request(path, body ? { 'Content-Type': 'application/json' } : {}, undefined, method, body);
}

/** Fetches a file, with the token, and has the browser keep it. */
export async function download(path, type, name) {
  const url = URL.createObjectURL(await (await request(path, { Accept: type })).blob());
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60000);
}

/** The path of a model, below /v1/. */
export function pathOf(model) {
  return `models/${encodeURIComponent(model)}`;
}

/** Reads server-sent events until the stream ends; heard is called with each, comments too. */
async function read(body, heard) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) {
      return;
    }
    const blocks = (rest + value).split('\n\n');
    rest = blocks.pop();
    for (const block of blocks) {
      const event = { name: 'comment' };
      for (const line of block.split('\n')) {
        const colon = line.indexOf(': ');
        const field = line.slice(0, colon);
        const text = line.slice(colon + 2);
        if (field === 'event') {
          event.name = text;
        } else if (field === 'id') {
          event.id = text;
        } else if (field === 'data') {
          event.data = JSON.parse(text);
        }
      }
      heard(event);
    }
  }
}

/**
 * Follows the events at a path while the page is seen: it comes back after a break with the id of
 * the last event, and rests while the page is hidden. heard gets each event, stateChanged
 * 'live', 'paused' or 'waiting', 'silent' with the time of the last word, 'broken' with the failure
 * that has stopped the model, and 'refused' with the reason, after which nothing comes.
 * Returns a function that ends it.
 */
export function follow(path, heard, stateChanged) {
  let abort = null;
  let timer = null;
  let last = null;
  let delay = FIRST_DELAY;
  let silence = null;
  let silent = false;

  /** Something was heard: from now on silence is counted. */
  function alive() {
    const now = new Date();
    if (silent) {
      silent = false;
      stateChanged('live');
    }
    clearTimeout(silence);
    silence = setTimeout(() => {
      silent = true;
      stateChanged('silent', now);
    }, SILENCE);
  }

  async function connect() {
    timer = null;
    abort = new AbortController();
    const mine = abort;
    const headers = { Accept: 'text/event-stream' };
    if (last) {
      headers['Last-Event-ID'] = last;
    }
    try {
      const response = await request(path, headers, mine.signal);
      delay = FIRST_DELAY;
      stateChanged('live');
      alive();
      await read(response.body, (event) => {
        alive();
        last = event.id ?? last;
        heard(event);
      });
    } catch (e) {
      if (!mine.signal.aborted && e instanceof Refused && [401, 403, 404].includes(e.status)) {
        stateChanged('refused', e);
        return;
      }
      if (!mine.signal.aborted && e.code === 'model-failed') {
        stateChanged('broken', e);
        timer = setTimeout(connect, LAST_DELAY);
        return;
      }
    } finally {
      clearTimeout(silence);
    }
    if (!mine.signal.aborted) {
      stateChanged('waiting');
      timer = setTimeout(connect, delay);
      delay = Math.min(2 * delay, LAST_DELAY);
    }
  }

  function rest() {
    abort?.abort();
    clearTimeout(silence);
    silent = false;
    clearTimeout(timer);
  }

  function seenOrNot() {
    rest();
    if (document.hidden) {
      stateChanged('paused');
    } else {
      connect();
    }
  }

  document.addEventListener('visibilitychange', seenOrNot);
  seenOrNot();
  return () => {
    document.removeEventListener('visibilitychange', seenOrNot);
    rest();
  };
}
