package io.fedstep.optim;

import io.fedstep.plugin.Ranges;
import io.fedstep.plugin.Rate;
import io.fedstep.plugin.Setting;
import io.fedstep.plugin.Settings;
import java.util.List;

/**
 * {@code base * (r + 1) / warmup} while {@code r < warmup}, then {@code base}; where that is a
 * schedule, up to its own {@code base} and then the schedule from its begin.
 *
 * @param name {@code warmup} or {@code warmup-rounds}
 * @param base the rate after it
 * @param warmup its rounds
 */
record Warmup(String name, Rate base, long warmup) implements Schedule {
  Warmup {
    Ranges.atLeastZero("base", top(base));
    Ranges.atLeastOne("warmup", warmup);
  }

  private static double top(Rate base) {
    if (base instanceof Schedule schedule) {
      for (Setting setting : schedule.config()) {
        if (setting.key().equals("base")) {
          return switch (setting.value()) {
            case Double number -> number;
            case Rate rate -> top(rate);
            case null, default -> throw new IllegalStateException("base is " + setting.value());
          };
        }
      }
    }
    return base.at(0);
  }

  @Override
  public List<Setting> config() {
    return List.of(new Setting("base", base), new Setting("warmup", warmup));
  }

  @Override
  public Schedule with(Settings settings) {
    return new Warmup(name, settings.rate("base"), settings.integer("warmup"));
  }

  @Override
  public double at(long round) {
    return round < warmup ? top(base) * (round + 1) / warmup : base.at(round - warmup);
  }
}
