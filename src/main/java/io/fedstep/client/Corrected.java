package io.fedstep.client;

import org.jspecify.annotations.Nullable;

/**
 * How an update of a model with {@code scaffold-server} was computed: by steps along {@code g - own
 * + control}.
 *
 * @param localRate how far a constant gradient of 1 would have moved the weights, from 1e-12 to
 *     1e12
 * @param control the client's own control: a round's number, {@code none} or {@code lost}
 * @param keeper is told what the server is to receive; null for nobody
 */
public record Corrected(double localRate, String control, @Nullable Keeper keeper) {
  /** One of which nobody is told. */
  public Corrected(double localRate, String control) {
    this(localRate, control, null);
  }

  /** Without a control of the client's own, as the server holds none: zeros. */
  public static Corrected first(double localRate) {
    return new Corrected(localRate, "none");
  }

  /** With the control that came of the client's update of a round. */
  public static Corrected by(double localRate, long round) {
    return new Corrected(localRate, Long.toString(round));
  }

  /** With zeros in the place of one that is lost; the controls of all clients begin anew. */
  public static Corrected lost(double localRate) {
    return new Corrected(localRate, "lost");
  }
}
