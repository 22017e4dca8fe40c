package io.fedstep.model;

import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A row in the table of what goes together in a spec.
 *
 * @param <T> what it looks at: a whole spec, or a round's policy
 * @param key the one key
 * @param other the other
 * @param says what has to be, as the documentation has it
 * @param broken what is wrong with a value, or null
 */
public record SpecRule<T>(
    String key, String other, String says, Function<T, @Nullable String> broken) {
  /**
   * Checks a value.
   *
   * @throws IllegalArgumentException with what is wrong
   */
  void check(T value) {
    String wrong = broken.apply(value);
    if (wrong != null) {
      throw new IllegalArgumentException(wrong);
    }
  }
}
