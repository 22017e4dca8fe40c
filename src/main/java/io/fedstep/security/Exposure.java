package io.fedstep.security;

/** Whom a server serves. */
public enum Exposure {
  /** Whoever proves who he is. */
  AUTHENTICATED,
  /** Whoever is on this machine. */
  LOCAL,
  /** Whoever reaches it, as its configuration says. */
  INSECURE,
  /** Whoever reaches it, though its configuration does not say so: it does not start. */
  UNDECLARED
}
