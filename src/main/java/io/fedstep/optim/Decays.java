package io.fedstep.optim;

import io.fedstep.plugin.Ranges;
import io.fedstep.plugin.Setting;
import io.fedstep.plugin.Settings;
import java.util.List;

/** Schedules that never rise. */
final class Decays {
  private Decays() {}

  /** {@code base}. */
  record Constant(double base) implements Schedule {
    Constant {
      Ranges.atLeastZero("base", base);
    }

    @Override
    public String name() {
      return "constant";
    }

    @Override
    public List<Setting> config() {
      return List.of(new Setting("base", base));
    }

    @Override
    public Schedule with(Settings settings) {
      return new Constant(settings.number("base"));
    }

    @Override
    public double at(long round) {
      return base;
    }
  }

  private static void check(double base, double rate) {
    Ranges.atLeastZero("base", base);
    Ranges.atLeastZero("rate", rate);
  }

  private static List<Setting> settings(double base, double rate, boolean stepLevel) {
    return List.of(
        new Setting("base", base), new Setting("rate", rate), new Setting("step_level", stepLevel));
  }

  /** {@code base * rate^r}. */
  record Exponential(double base, double rate, boolean stepLevel) implements Schedule {
    Exponential {
      check(base, rate);
    }

    @Override
    public String name() {
      return "exponential-decay";
    }

    @Override
    public List<Setting> config() {
      return settings(base, rate, stepLevel);
    }

    @Override
    public Schedule with(Settings settings) {
      return new Exponential(
          settings.number("base"), settings.number("rate"), settings.flag("step_level", stepLevel));
    }

    @Override
    public double at(long round) {
      return base * Math.pow(rate, (double) round);
    }
  }

  /** {@code base / (r + 1)^rate}. */
  record Inverse(double base, double rate, boolean stepLevel) implements Schedule {
    Inverse {
      check(base, rate);
    }

    @Override
    public String name() {
      return "inverse-scaling";
    }

    @Override
    public List<Setting> config() {
      return settings(base, rate, stepLevel);
    }

    @Override
    public Schedule with(Settings settings) {
      return new Inverse(
          settings.number("base"), settings.number("rate"), settings.flag("step_level", stepLevel));
    }

    @Override
    public double at(long round) {
      return base / Math.pow(round + 1.0, rate);
    }
  }

  /** {@code base * max(1 - rate * r, 0)}. */
  record Linear(double base, double rate, boolean stepLevel) implements Schedule {
    Linear {
      check(base, rate);
    }

    @Override
    public String name() {
      return "linear-decay";
    }

    @Override
    public List<Setting> config() {
      return settings(base, rate, stepLevel);
    }

    @Override
    public Schedule with(Settings settings) {
      return new Linear(
          settings.number("base"), settings.number("rate"), settings.flag("step_level", stepLevel));
    }

    @Override
    public double at(long round) {
      return base * Math.max(1 - rate * round, 0);
    }
  }

  /** {@code base * rate^floor(r / step_size)}: step decay. */
  record Piecewise(double base, double rate, long stepSize, boolean stepLevel) implements Schedule {
    Piecewise {
      check(base, rate);
      Ranges.atLeastOne("step_size", stepSize);
    }

    @Override
    public String name() {
      return "piecewise-decay";
    }

    @Override
    public List<Setting> config() {
      return List.of(
          new Setting("base", base),
          new Setting("rate", rate),
          new Setting("step_level", stepLevel),
          new Setting("step_size", stepSize));
    }

    @Override
    public Schedule with(Settings settings) {
      return new Piecewise(
          settings.number("base"),
          settings.number("rate"),
          settings.integer("step_size"),
          settings.flag("step_level", stepLevel));
    }

    @Override
    public double at(long round) {
      long times = round / stepSize;
      return base * Math.pow(rate, (double) times);
    }
  }

  /** {@code base * (1 - min(r / limit, 1))^power}. */
  record Polynomial(double base, long power, long limit, boolean stepLevel) implements Schedule {
    Polynomial {
      Ranges.atLeastZero("base", base);
      Ranges.atLeastZero("power", (double) power);
      Ranges.atLeastOne("limit", limit);
    }

    @Override
    public String name() {
      return "polynomial-decay";
    }

    @Override
    public List<Setting> config() {
      return List.of(
          new Setting("base", base),
          new Setting("power", power),
          new Setting("limit", limit),
          new Setting("step_level", stepLevel));
    }

    @Override
    public Schedule with(Settings settings) {
      return new Polynomial(
          settings.number("base"),
          settings.integer("power"),
          settings.integer("limit"),
          settings.flag("step_level", stepLevel));
    }

    @Override
    public double at(long round) {
      return base * Math.pow(1 - Math.min((double) round / limit, 1), (double) power);
    }
  }
}
