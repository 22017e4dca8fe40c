package io.fedstep.store;

/** Room on a disk that is given up where there is no other. */
interface Reserve {
  /** No room. */
  Reserve NONE =
      new Reserve() {
        @Override
        public long given() {
          return 0;
        }

        @Override
        public boolean give(long given) {
          return false;
        }
      };

  /** How often some was given up so far. */
  long given();

  /**
   * Gives some up, unless that was done since it had been {@code given} up so often.
   *
   * @return false where nothing is left
   */
  boolean give(long given);
}
