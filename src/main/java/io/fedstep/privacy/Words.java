package io.fedstep.privacy;

/** Random words of 32 bits, one after the other. */
@FunctionalInterface
interface Words {
  /** The next one, from 0 to 2^32 - 1. */
  long next();
}
