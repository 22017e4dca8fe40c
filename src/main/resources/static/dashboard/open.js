// The open round: how far it is, and when it may close.

import { serverNow } from './api.js';
import { h, progress, section, setText } from './dom.js';
import { clock, count, duration, ofMost, until } from './format.js';

/** How far the stage is that is on: how many messages it has, how few and how many it may have. */
function stageOf(round) {
  const least = Math.max(round.threshold ?? 0, round.min_updates);
  switch (round.phase) {
    case 'joining': return { there: round.members, least: round.min_updates, most: round.max_updates, what: 'members joined' };
    case 'sharing': return { there: round.shared, least, most: round.members, what: 'members shared their keys' };
    case 'unmasking': return { there: round.revealed, least: round.threshold, most: round.updates, what: 'members answered' };
    default: return round.members === undefined
      ? { there: round.updates, least: round.min_updates, most: round.max_updates, what: 'updates' }
      : { there: round.updates, least, most: round.shared, what: 'masked updates' };
  }
}

/** The part of the page with the open round. */
export function openPart() {
  const bar = progress('Updates of the open round');
  const updates = h('strong');
  const needed = h('span', { class: 'muted' });
  const failed = h('span', { class: 'muted' });
  const deadline = h('span');
  const opened = h('span', { class: 'muted' });
  const stages = h('p', { class: 'muted' });
  const element = section('Open round', bar.bar,
    h('p', { class: 'line' }, updates, needed, failed), stages, h('p', { class: 'line' }, deadline, opened));
  element.classList.add('open');
  const title = element.querySelector('h2');
  let shown = null;

  const part = {
    element,
    set(round) {
      shown = round;
      setText(title, `Open round ${count(round.round)}`);
      const stage = stageOf(round);
      const text = stage.what === 'updates' ? ofMost(stage.there, stage.most) : `${count(stage.there)} of ${count(stage.most)} ${stage.what}`;
      bar.bar.hidden = round.updates === null;
      bar.set(stage.there, stage.least, stage.most, `${text}, ${count(stage.least)} needed`);
      setText(updates, text);
      setText(failed, `${count(round.failed ?? 0)} failed`);
      failed.hidden = !round.failed;
      needed.hidden = round.updates === null;
      const missing = stage.least - stage.there;
      const more = count(Math.max(0, stage.most - stage.there));
      setText(needed, {
        'awaiting-weights': 'opens once its first weights are set',
        closing: 'closed; its version is being made',
      }[round.phase] ?? (missing > 0
        ? `${count(missing)} more needed to close`
        : `the ${count(stage.least)} needed are in; closes with ${more} more${round.deadline ? ', or at its deadline' : ''}`));
      stages.hidden = round.members === undefined;
      setText(stages, round.members === undefined ? '' : `Masked: ${count(round.members)} joined, ${count(round.shared)} shared, ${count(round.updates)} sent, ${count(round.revealed)} answered${round.threshold === null ? '' : `; ${count(round.threshold)} have to go all the way`}.`);
      part.tick();
    },
    tick() {
      if (shown === null) {
        return;
      }
      const stopped = { stopped: 'training is stopped', closing: '' }[shown.phase] ?? 'no deadline';
      setText(deadline, shown.deadline && shown.phase !== 'closing'
        ? `deadline ${until(shown.deadline)} (${clock(shown.deadline)})`
        : stopped);
      setText(opened, shown.opened_at === null ? '' : `open for ${duration(Math.max(0, Math.floor((serverNow() - new Date(shown.opened_at)) / 1000) * 1000))}`);
    },
  };
  return part;
}
