// The open round: how far it is, and when it may close.

import { serverNow } from './api.js';
import { h, progress, section, setText } from './dom.js';
import { clock, count, duration, ofMost, until } from './format.js';

/** The part of the page with the open round. */
export function openPart() {
  const bar = progress('Updates of the open round');
  const updates = h('strong');
  const needed = h('span', { class: 'muted' });
  const failed = h('span', { class: 'muted' });
  const deadline = h('span');
  const opened = h('span', { class: 'muted' });
  const element = section('Open round', bar.bar,
    h('p', { class: 'line' }, updates, needed, failed), h('p', { class: 'line' }, deadline, opened));
  element.classList.add('open');
  const title = element.querySelector('h2');
  let shown = null;

  const part = {
    element,
    set(round) {
      shown = round;
      setText(title, `Open round ${count(round.round)}`);
      const text = ofMost(round.updates, round.max_updates);
      bar.bar.hidden = round.updates === null;
      bar.set(round.updates, round.min_updates, round.max_updates, `${text}, ${count(round.min_updates)} needed`);
      setText(updates, text);
      setText(failed, `${count(round.failed ?? 0)} failed`);
      failed.hidden = !round.failed;
      needed.hidden = round.updates === null;
      const missing = round.min_updates - round.updates;
      const more = count(Math.max(0, round.max_updates - round.updates));
      setText(needed, round.phase === 'awaiting-weights' ? 'opens once its first weights are set' : missing > 0
        ? `${count(missing)} more needed to close`
        : `the ${count(round.min_updates)} needed are in; closes with ${more} more${round.deadline ? ', or at its deadline' : ''}`);
      part.tick();
    },
    tick() {
      if (shown === null) {
        return;
      }
      const stopped = shown.phase === 'stopped' ? 'training is stopped' : 'no deadline';
      setText(deadline, shown.deadline
        ? `deadline ${until(shown.deadline)} (${clock(shown.deadline)})`
        : stopped);
      setText(opened, shown.opened_at === null ? '' : `open for ${duration(Math.max(0, Math.floor((serverNow() - new Date(shown.opened_at)) / 1000) * 1000))}`);
    },
  };
  return part;
}
