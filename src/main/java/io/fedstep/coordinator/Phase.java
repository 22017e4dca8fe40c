package io.fedstep.coordinator;

import java.util.Locale;

/** What a model is doing. */
public enum Phase {
  AWAITING_WEIGHTS,
  COLLECTING,
  CLOSING,
  STOPPED,
  FAILED;

  /** The name on the wire. */
  public String label() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
