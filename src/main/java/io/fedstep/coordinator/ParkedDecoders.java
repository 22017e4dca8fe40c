package io.fedstep.coordinator;

import java.util.LinkedHashSet;
import java.util.Set;

/**
 * Uploads at rest whose decoders wait for more, the one that rests longest first. A decoder has a
 * row and two tiles, so there are a few; the others are made again from the bytes that have come.
 */
final class ParkedDecoders {
  /** At most 16 MiB of tiles. */
  private static final int MOST = 64;

  /** An upload at rest. */
  interface Resting {
    /** Gives its decoder up, unless a request is busy with it; never waits. */
    void letGo();
  }

  private final Set<Resting> parked = new LinkedHashSet<>();

  /** A decoder begins to rest; another one may have to go. */
  void add(Resting upload) {
    Resting longest = null;
    synchronized (this) {
      parked.remove(upload);
      parked.add(upload);
      if (parked.size() > MOST) {
        longest = parked.iterator().next();
        parked.remove(longest);
      }
    }
    if (longest != null) {
      longest.letGo();
    }
  }

  /** A decoder is used, or is gone. */
  synchronized void remove(Resting upload) {
    parked.remove(upload);
  }
}
