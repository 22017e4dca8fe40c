// What is wrong with a model, for who is on duty: the worst first.

import { serverNow } from './api.js';
import { count, duration, millis } from './format.js';

const IDLE = 3 * 3600 * 1000;

/** How many deadlines of the open round have passed: each is a whole timeout after its opening. */
function passed({ opened_at: opened, deadline, round, phase }) {
  if (!deadline || !round?.timeout || phase === 'closing') {
    return 0;
  }
  return Math.max(0, Math.round((new Date(deadline) - new Date(opened)) / millis(round.timeout)) - 1);
}

/**
 * How bad it is (0 is worst, 4 is well) and in what words; none where the phase says it.
 * outcome is that of its last round, where it is known.
 */
export function troubleOf(model, outcome) {
  if (model.detail) { // it says what has stopped it, or what its closed round waits for
    return { rank: 0, text: '' };
  }
  if (outcome === 'not-finite' || outcome === 'abandoned') {
    return { rank: 1, text: `last round ${outcome.replace('-', ' ')}` };
  }
  const late = passed(model);
  if (late > 0) {
    return { rank: 2, text: `deadline passed ${late === 1 ? 'once' : `${count(late)} times`}` };
  }
  const open = model.opened_at ? serverNow() - new Date(model.opened_at) : 0;
  if (model.phase === 'collecting' && model.updates === 0 && open > IDLE) {
    return { rank: 3, text: `idle for ${duration(Math.floor(open / 3600000) * 3600000)}` };
  }
  return { rank: 4, text: '' };
}
