package io.fedstep.plugin;

import org.jspecify.annotations.Nullable;

/** The settings of a plug-in by key, as a spec gives them. */
public interface Settings {
  /** A number that has to be there. */
  double number(String key);

  /** A number; {@code otherwise} where it is absent. */
  double number(String key, double otherwise);

  /** A whole number that has to be there. */
  long integer(String key);

  /** A whole number; {@code otherwise} where it is absent. */
  long integer(String key, long otherwise);

  /** A whole number, or null where it is absent or null. */
  @Nullable Long integerOrNull(String key);

  /** A whole number, at most that of an int; -1 where it is below 0. */
  int count(String key, int otherwise);

  /** The same, or null where it is absent or null. */
  @Nullable Integer countOrNull(String key);

  /** True or false. */
  boolean flag(String key, boolean otherwise);

  /** A number or a schedule that has to be there. */
  Rate rate(String key);
}
