package io.fedstep.store;

import java.util.concurrent.atomic.AtomicInteger;

/** How many read the files of a version, which are removed once it is retired and nobody does. */
final class Holders {
  private final AtomicInteger count = new AtomicInteger();
  private volatile boolean retired;

  /** Counts a reader in; false if none is let in any more. */
  boolean add() {
    count.incrementAndGet();
    if (retired) { // read after the count went up, which isNone reads
      remove();
      return false;
    }
    return true;
  }

  void remove() {
    count.decrementAndGet();
  }

  /** Lets no further reader in. */
  void retire() {
    retired = true;
  }

  boolean areRetired() {
    return retired;
  }

  boolean isNone() {
    return count.get() == 0;
  }
}
