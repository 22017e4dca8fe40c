// What a page fetches, by name: each at most once a second, however often it is asked for.

const PAUSE = 1000;

/** fetches has a function for each name; done and failed are called with the name, failed with why. */
export function newFetches(fetches, done, failed) {
  const states = {};

  async function run(what) {
    const state = states[what];
    state.again = false;
    state.busy = true;
    try {
      await fetches[what]();
      done(what);
    } catch (e) {
      failed(what, e);
    }
    state.timer = setTimeout(() => {
      state.busy = false;
      if (state.again) {
        run(what);
      }
    }, PAUSE);
  }

  return {
    refresh(...whats) {
      for (const what of whats) {
        states[what] ??= { busy: false, again: false };
        if (states[what].busy) {
          states[what].again = true;
        } else {
          run(what);
        }
      }
    },
    close() {
      Object.values(states).forEach(({ timer }) => clearTimeout(timer));
    },
  };
}
