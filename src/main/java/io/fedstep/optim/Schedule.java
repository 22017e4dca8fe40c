package io.fedstep.optim;

import static java.util.stream.Collectors.toSet;

import io.fedstep.plugin.Plugin;
import io.fedstep.plugin.Ranges;
import io.fedstep.plugin.Rate;
import io.fedstep.plugin.Setting;
import io.fedstep.plugin.Settings;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A rate by rounds, as one of declearn's schedulers computes it. A server takes one step a round:
 * steps and rounds are the same, whichever of them a scheduler is told to count.
 *
 * @param formula a row of {@link KnownSchedules}
 * @param values of the formula's keys
 */
public record Schedule(Formula formula, Map<String, Object> values)
    implements Rate, Plugin<Schedule> {
  /**
   * A row in the table of schedules.
   *
   * @param name in a spec
   * @param keys of its config, in the order in which declearn writes them
   * @param rate from a schedule's values and the number of a round, from 0 on, to the rate
   */
  record Formula(String name, List<Key> keys, Function rate) {
    /** The rate of a round. */
    @FunctionalInterface
    interface Function {
      double at(Schedule values, long round);
    }
  }

  /**
   * A key of a formula.
   *
   * @param kind the type and the range of its values
   * @param otherwise what it is where it is left out, or null if it has to be given
   */
  record Key(String name, Kind kind, @Nullable Object otherwise) {
    private Object read(Settings settings) {
      return switch (kind) {
        case NUMBER ->
            otherwise instanceof Double number
                ? settings.number(name, number)
                : settings.number(name);
        case COUNT, POWER -> settings.integer(name);
        case FLAG -> settings.flag(name, Boolean.TRUE.equals(otherwise));
        case RATE -> settings.rate(name);
      };
    }

    private void check(Object value) {
      switch (kind) {
        case NUMBER -> Ranges.atLeastZero(name, (Double) value);
        case COUNT -> Ranges.atLeastOne(name, (Long) value);
        case POWER -> Ranges.atLeastZero(name, ((Long) value).doubleValue());
        case RATE -> Ranges.atLeastZero(name, top((Rate) value));
        case FLAG -> {}
      }
    }
  }

  /** The types and ranges of values. */
  enum Kind {
    /** A number of at least 0. */
    NUMBER,
    /** A whole number of at least 1. */
    COUNT,
    /** A whole number of at least 0. */
    POWER,
    /** True or false. */
    FLAG,
    /** A number of at least 0, or a schedule. */
    RATE
  }

  /** Checks the ranges. */
  public Schedule {
    values = Map.copyOf(values);
    for (Key key : formula.keys) {
      Object value = values.get(key.name);
      if (value != null) {
        key.check(value);
      }
    }
  }

  @Override
  public String name() {
    return formula.name;
  }

  @Override
  public List<Setting> config() {
    return formula.keys.stream().map(key -> new Setting(key.name, values.get(key.name))).toList();
  }

  @Override
  public Set<String> keys() {
    return formula.keys.stream().map(Key::name).collect(toSet());
  }

  @Override
  public Schedule with(Settings settings) {
    var given = new HashMap<String, Object>();
    var inOrder = new ArrayList<>(formula.keys); // what has to be there is missed first
    inOrder.sort((a, b) -> Boolean.compare(a.otherwise != null, b.otherwise != null));
    inOrder.forEach(key -> given.put(key.name, key.read(settings)));
    return new Schedule(formula, given);
  }

  @Override
  public double at(long round) {
    return formula.rate.at(this, round);
  }

  /** A number among the values. */
  double number(String key) {
    return (Double) value(key);
  }

  /** A whole number among the values. */
  long integer(String key) {
    return (Long) value(key);
  }

  /** A flag among the values. */
  boolean flag(String key) {
    return (Boolean) value(key);
  }

  /** A rate among the values. */
  Rate rate(String key) {
    return (Rate) value(key);
  }

  private Object value(String key) {
    return Objects.requireNonNull(values.get(key), key);
  }

  /** The number that a rate is led by: its {@code base}, or what it always is. */
  static double top(Rate rate) {
    return rate instanceof Schedule schedule
        ? switch (schedule.value(KnownSchedules.BASE)) {
          case Rate base -> top(base);
          case Object number -> (Double) number;
        }
        : rate.at(0);
  }
}
