package io.fedstep.security;

/** The callers that a server answers. */
public enum Exposure {
  /** Callers with credentials. */
  AUTHENTICATED,
  /** Callers on this machine. */
  LOCAL,
  /** All callers that reach it, as its configuration says. */
  INSECURE,
  /** All callers that reach it, though its configuration does not say so: it does not start. */
  UNDECLARED
}
