package io.fedstep.optim;

import static java.util.stream.Collectors.toSet;

import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A part of an optimizer that a config names: a module, a regularizer or a schedule. */
public interface Plugin<P> {
  /** The name in declearn's registry. */
  String name();

  /** What it was asked for, in the order in which declearn writes it. */
  List<Setting> config();

  /** The keys that it knows. */
  default Set<String> keys() {
    return config().stream().map(Setting::key).collect(toSet());
  }

  /** Another of its kind; what the settings leave out is as it is here. */
  P with(Settings settings);

  /**
   * A hyper-parameter.
   *
   * @param value a {@code Double}, {@code Long}, {@code Boolean} or {@link Rate}, or null
   */
  record Setting(String key, @Nullable Object value) {}

  /** Hyper-parameters by key, as somebody asked for them. */
  interface Settings {
    /** A number that has to be there. */
    double number(String key);

    /** A number. */
    double number(String key, double otherwise);

    /** A whole number that has to be there. */
    long integer(String key);

    /** A whole number, or null where it is absent or null. */
    @Nullable Long integerOrNull(String key);

    /** True or false. */
    boolean flag(String key, boolean otherwise);

    /** A number or a schedule that has to be there. */
    Rate rate(String key);
  }
}
