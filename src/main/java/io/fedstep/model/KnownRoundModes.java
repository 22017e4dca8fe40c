package io.fedstep.model;

import java.util.List;

/** The modes of rounds that a policy can ask for. */
public final class KnownRoundModes {
  /** Each with its defaults; the first is that of a policy which names none. */
  public static final List<RoundMode> ALL = List.of(new Synchronous(), Buffered.DEFAULT);

  private KnownRoundModes() {}
}
