package io.fedstep.optim;

import io.fedstep.plugin.Ranges;
import io.fedstep.plugin.Setting;
import io.fedstep.plugin.Settings;
import java.util.List;

/** Schedules between a least rate {@code base} and a largest {@code max_lr}. */
final class Cycles {
  private Cycles() {}

  private static void check(double base, double maxLr) {
    Ranges.atLeastZero("base", base);
    Ranges.atLeastZero("max_lr", maxLr);
  }

  private static double cosine(double base, double maxLr, long round, long duration) {
    return round >= duration
        ? base
        : base + 0.5 * (maxLr - base) * (1 + Math.cos((double) round / duration * Math.PI));
  }

  /** {@code base + (max_lr - base) * (1 + cos(pi * r / duration)) / 2}, then {@code base}. */
  record Cosine(double base, double maxLr, long duration, boolean stepLevel) implements Schedule {
    Cosine {
      check(base, maxLr);
      Ranges.atLeastOne("duration", duration);
    }

    @Override
    public String name() {
      return "cosine-annealing";
    }

    @Override
    public List<Setting> config() {
      return List.of(
          new Setting("base", base),
          new Setting("max_lr", maxLr),
          new Setting("duration", duration),
          new Setting("step_level", stepLevel));
    }

    @Override
    public Schedule with(Settings settings) {
      return new Cosine(
          settings.number("base"),
          settings.number("max_lr"),
          settings.integer("duration"),
          settings.flag("step_level", stepLevel));
    }

    @Override
    public double at(long round) {
      return cosine(base, maxLr, round, duration);
    }
  }

  /**
   * The cosine again every {@code period} rounds, from a {@code max_lr} that is multiplied by
   * {@code t_mult} each time.
   */
  record WarmRestarts(double base, double maxLr, long period, double tMult, boolean stepLevel)
      implements Schedule {
    WarmRestarts {
      check(base, maxLr);
      Ranges.atLeastOne("period", period);
      Ranges.atLeastZero("t_mult", tMult);
    }

    @Override
    public String name() {
      return "cosine-annealing-warm-restarts";
    }

    @Override
    public List<Setting> config() {
      return List.of(
          new Setting("base", base),
          new Setting("max_lr", maxLr),
          new Setting("period", period),
          new Setting("t_mult", tMult),
          new Setting("step_level", stepLevel));
    }

    @Override
    public Schedule with(Settings settings) {
      return new WarmRestarts(
          settings.number("base"),
          settings.number("max_lr"),
          settings.integer("period"),
          settings.number("t_mult", tMult),
          settings.flag("step_level", stepLevel));
    }

    @Override
    public double at(long round) {
      long cycle = round / period;
      double largest = maxLr * Math.pow(tMult, (double) cycle);
      return cosine(base, largest, round % period, period);
    }
  }

  /** From 0 at the begin and the end of a cycle of {@code 2 * stepsize} rounds to 1 halfway. */
  private static double triangle(long round, long stepsize) {
    return 1 - Math.abs((double) (round % (2 * stepsize)) / stepsize - 1);
  }

  /** {@code base + triangle * (max_lr - base)}, halved after each cycle if it is to decay. */
  record Triangular(double base, double maxLr, long stepsize, boolean decay) implements Schedule {
    Triangular {
      check(base, maxLr);
      Ranges.atLeastOne("stepsize", stepsize);
    }

    @Override
    public String name() {
      return "cyclic-triangular";
    }

    @Override
    public List<Setting> config() {
      return List.of(
          new Setting("base", base),
          new Setting("max_lr", maxLr),
          new Setting("stepsize", stepsize),
          new Setting("decay", decay));
    }

    @Override
    public Schedule with(Settings settings) {
      return new Triangular(
          settings.number("base"),
          settings.number("max_lr"),
          settings.integer("stepsize"),
          settings.flag("decay", decay));
    }

    @Override
    public double at(long round) {
      double scale = triangle(round, stepsize);
      if (decay) {
        long cycle = round / (2 * stepsize);
        scale /= Math.pow(2, (double) cycle);
      }
      return base + scale * (maxLr - base);
    }
  }

  /** The triangle between {@code base * decay^r} and {@code max_lr * decay^r}. */
  record ExpRange(double base, double maxLr, long stepsize, double decay) implements Schedule {
    ExpRange {
      check(base, maxLr);
      Ranges.atLeastOne("stepsize", stepsize);
      Ranges.atLeastZero("decay", decay);
    }

    @Override
    public String name() {
      return "cyclic-exp-range";
    }

    @Override
    public List<Setting> config() {
      return List.of(
          new Setting("base", base),
          new Setting("max_lr", maxLr),
          new Setting("stepsize", stepsize),
          new Setting("decay", decay));
    }

    @Override
    public Schedule with(Settings settings) {
      return new ExpRange(
          settings.number("base"),
          settings.number("max_lr"),
          settings.integer("stepsize"),
          settings.number("decay"));
    }

    @Override
    public double at(long round) {
      double shrunk = Math.pow(decay, (double) round);
      double least = base * shrunk;
      return least + triangle(round, stepsize) * (maxLr * shrunk - least);
    }
  }
}
