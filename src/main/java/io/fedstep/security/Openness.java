package io.fedstep.security;

/** Whom a server serves. */
public enum Openness {
  /** Whoever proves who he is. */
  ASKS,
  /** Whoever is on this machine. */
  LOCAL,
  /** Whoever reaches it, as its configuration says. */
  INSECURE,
  /** Whoever reaches it, though its configuration does not say so: it does not start. */
  EXPOSED
}
