package io.fedstep.security;

import java.util.Locale;

/** The rights of a caller in its models. */
public enum Role {
  /** Reads the weights of its models and sends updates and reports under its own id. */
  CLIENT,
  /** Reads everything of its models. */
  OBSERVER,
  /** Does everything to its models. */
  ADMIN;

  /** As configuration and the audit log have it. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
