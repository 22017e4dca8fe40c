package io.fedstep.optim;

import io.fedstep.optim.Schedule.Formula;
import io.fedstep.optim.Schedule.Kind;
import io.fedstep.plugin.Rate;
import java.util.List;
import java.util.Map;

/** The schedules that a rate can follow: a table of formulas, by name. */
public final class KnownSchedules {
  /** The key of the rate that a schedule begins or ends with. */
  static final String BASE = "base";

  private static final Schedule.Key STEP_LEVEL = new Schedule.Key("step_level", Kind.FLAG, true);

  private static final List<Formula> FORMULAS =
      List.of(
          new Formula("constant", List.of(number(BASE)), (s, r) -> s.number(BASE)),
          new Formula(
              "exponential-decay",
              List.of(number(BASE), number("rate"), STEP_LEVEL),
              (s, r) -> s.number(BASE) * Math.pow(s.number("rate"), (double) r)),
          new Formula(
              "inverse-scaling",
              List.of(number(BASE), number("rate"), STEP_LEVEL),
              (s, r) -> s.number(BASE) / Math.pow(r + 1.0, s.number("rate"))),
          new Formula(
              "linear-decay",
              List.of(number(BASE), number("rate"), STEP_LEVEL),
              (s, r) -> s.number(BASE) * Math.max(1 - s.number("rate") * r, 0)),
          new Formula(
              "piecewise-decay",
              List.of(number(BASE), number("rate"), STEP_LEVEL, count("step_size")),
              (s, r) -> s.number(BASE) * power(s.number("rate"), r / s.integer("step_size"))),
          new Formula(
              "polynomial-decay",
              List.of(
                  number(BASE),
                  new Schedule.Key("power", Kind.POWER, null),
                  count("limit"),
                  STEP_LEVEL),
              (s, r) ->
                  s.number(BASE)
                      * power(
                          1 - Math.min((double) r / s.integer("limit"), 1), s.integer("power"))),
          new Formula(
              "cosine-annealing",
              List.of(number(BASE), number("max_lr"), count("duration"), STEP_LEVEL),
              (s, r) -> cosine(s.number(BASE), s.number("max_lr"), r, s.integer("duration"))),
          new Formula(
              "cosine-annealing-warm-restarts",
              List.of(
                  number(BASE),
                  number("max_lr"),
                  count("period"),
                  new Schedule.Key("t_mult", Kind.NUMBER, 1.0),
                  STEP_LEVEL),
              KnownSchedules::warmRestarts),
          new Formula(
              "cyclic-triangular",
              List.of(
                  number(BASE),
                  number("max_lr"),
                  count("stepsize"),
                  new Schedule.Key("decay", Kind.FLAG, false)),
              KnownSchedules::triangular),
          new Formula(
              "cyclic-exp-range",
              List.of(number(BASE), number("max_lr"), count("stepsize"), number("decay")),
              KnownSchedules::expRange),
          new Formula("warmup", List.of(rate(BASE), count("warmup")), KnownSchedules::warmup),
          new Formula(
              "warmup-rounds", List.of(rate(BASE), count("warmup")), KnownSchedules::warmup));

  /** One of each; a config has to give what has no default. */
  public static final List<Schedule> ALL =
      FORMULAS.stream().map(formula -> new Schedule(formula, Map.of())).toList();

  private KnownSchedules() {}

  private static Schedule.Key number(String name) {
    return new Schedule.Key(name, Kind.NUMBER, null);
  }

  private static Schedule.Key count(String name) {
    return new Schedule.Key(name, Kind.COUNT, null);
  }

  private static Schedule.Key rate(String name) {
    return new Schedule.Key(name, Kind.RATE, null);
  }

  private static double power(double base, long exponent) {
    return Math.pow(base, (double) exponent);
  }

  /** {@code base + (max_lr - base) * (1 + cos(pi * r / duration)) / 2}, then {@code base}. */
  private static double cosine(double base, double maxLr, long round, long duration) {
    return round >= duration
        ? base
        : base + 0.5 * (maxLr - base) * (1 + Math.cos((double) round / duration * Math.PI));
  }

  /** The cosine every {@code period} rounds, from a {@code max_lr} that {@code t_mult} scales. */
  private static double warmRestarts(Schedule s, long round) {
    long period = s.integer("period");
    double largest = s.number("max_lr") * power(s.number("t_mult"), round / period);
    return cosine(s.number(BASE), largest, round % period, period);
  }

  /** From 0 at the begin and the end of a cycle of {@code 2 * stepsize} rounds to 1 halfway. */
  private static double triangle(long round, long stepsize) {
    return 1 - Math.abs((double) (round % (2 * stepsize)) / stepsize - 1);
  }

  /** {@code base + triangle * (max_lr - base)}, halved after each cycle if it is to decay. */
  private static double triangular(Schedule s, long round) {
    long stepsize = s.integer("stepsize");
    double scale = triangle(round, stepsize);
    if (s.flag("decay")) {
      scale /= power(2, round / (2 * stepsize));
    }
    return s.number(BASE) + scale * (s.number("max_lr") - s.number(BASE));
  }

  /** The triangle between {@code base * decay^r} and {@code max_lr * decay^r}. */
  private static double expRange(Schedule s, long round) {
    double shrunk = power(s.number("decay"), round);
    double least = s.number(BASE) * shrunk;
    return least + triangle(round, s.integer("stepsize")) * (s.number("max_lr") * shrunk - least);
  }

  /**
   * {@code base * (r + 1) / warmup} while {@code r < warmup}, then {@code base}; where that is a
   * schedule, up to its own {@code base} and then the schedule from its begin.
   */
  private static double warmup(Schedule s, long round) {
    Rate base = s.rate(BASE);
    long warmup = s.integer("warmup");
    return round < warmup ? Schedule.top(base) * (round + 1) / warmup : base.at(round - warmup);
  }
}
