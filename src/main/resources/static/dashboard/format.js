// Numbers, sizes and times as people read them.

import { serverNow } from './api.js';

const COUNT = new Intl.NumberFormat('en');
const WIDTH = { float32: 4, float64: 8 };

export function count(n) {
  return COUNT.format(n);
}

/** How many updates a round has, which a client may not know of a private model that draws its clients. */
export function ofMost(updates, most) {
  return updates === null ? 'updates are not told' : `${count(updates)} of ${count(most)} updates`;
}

/** Four significant digits. */
export function number(x) {
  if (x === null || x === undefined) {
    return '–';
  }
  const size = Math.abs(x);
  if (x !== 0 && (size >= 1e6 || size < 1e-3)) {
    return x.toExponential(2);
  }
  return Number.isInteger(x) ? count(x) : String(Number(x.toPrecision(4)));
}

export function bytes(n) {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let unit = 0;
  while (n >= 1000 && unit < units.length - 1) {
    n /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? n : n.toPrecision(3)} ${units[unit]}`;
}

/** Bytes of a model's weights, and of an update for it. */
export function sizeOf(model) {
  return bytes(model.parameters * (WIDTH[model.dtype] ?? 4));
}

/**
 * How an update came: its bytes on the wire beside those of its row, how they were encoded, and in a
 * model with controls the client's local rate, and its own control as far as that is told.
 */
export function sent(update, model) {
  if (model === null || update.bytes === null || update.bytes === undefined) {
    return '–';
  }
  return [`${bytes(update.bytes)} of ${sizeOf(model)}`, update.encoding,
    update.local_rate ? `local rate ${number(update.local_rate)}` : null,
    control(update.control)].filter(Boolean).join(', ');
}

/** Which control of its own a client computed with; undefined where that is not told. */
function control(round) {
  switch (round) {
    case undefined: return null;
    case null: return 'no control before';
    case 'lost': return 'its control was lost';
    default: return `control of round ${round}`;
  }
}

export function duration(ms) {
  if (ms === null || ms === undefined || Number.isNaN(ms)) {
    return '–';
  }
  const s = ms / 1000;
  if (s < 1) {
    return `${Math.round(ms)} ms`;
  }
  if (s < 60) {
    return `${s < 10 ? s.toFixed(1) : Math.round(s)} s`;
  }
  const min = Math.floor(s / 60);
  const [whole, part, units] = min < 60
    ? [min, Math.floor(s % 60), ['min', 's']]
    : [Math.floor(min / 60), min % 60, ['h', 'min']];
  return part === 0 ? `${whole} ${units[0]}` : `${whole} ${units[0]} ${part} ${units[1]}`;
}

/** Milliseconds of a duration as the spec writes it, such as 600s. */
export function millis(text) {
  const [, n, unit] = /^([\d.]+)(ms|s|m|h|d)$/.exec(text) ?? [];
  return unit ? n * { ms: 1, s: 1000, m: 60000, h: 3600000, d: 86400000 }[unit] : NaN;
}

/** The same in words. */
export function spoken(text) {
  return Number.isNaN(millis(text)) ? text : duration(millis(text));
}

/** Milliseconds from one time to another, or null. */
export function between(from, to) {
  return from && to ? new Date(to) - new Date(from) : null;
}

/** The clock's time, with the date unless it is today's. */
export function clock(instant) {
  const date = new Date(instant);
  const time = date.toLocaleTimeString('en-GB');
  return date.toDateString() === new Date().toDateString()
    ? time
    : `${date.toLocaleDateString('en-CA')} ${time}`;
}

/** How long until a deadline. */
export function until(deadline) {
  const left = new Date(deadline) - serverNow();
  return left <= 0 ? 'due now' : `in ${duration(Math.ceil(left / 1000) * 1000)}`;
}

/** A plug-in of a spec, ["adam", {...}], in words. */
export function plugin(entry) {
  const [name, config] = Array.isArray(entry) ? entry : [entry, {}];
  const settings = Object.entries(config ?? {})
    .filter(([, value]) => value !== null)
    .map(([key, value]) => `${key} ${typeof value === 'object' ? plugin(value) : value}`);
  return settings.length ? `${name} (${settings.join(', ')})` : name;
}
