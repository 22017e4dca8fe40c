package io.fedstep.aggregate;

import org.jspecify.annotations.Nullable;

/**
 * Hyper-parameters by key, as somebody asked for them; one that is absent is as it otherwise is.
 */
public interface Config {
  /** True or false. */
  boolean flag(String key, boolean otherwise);

  /** A number. */
  double number(String key, double otherwise);

  /** A whole number; below -1 it is -1, and at most that of an int. */
  int count(String key, int otherwise);

  /** The same, or null where it is absent or null. */
  @Nullable Integer countOrNull(String key);
}
