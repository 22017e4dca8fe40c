package io.fedstep.model;

import io.fedstep.plugin.Setting;
import io.fedstep.plugin.Settings;
import java.util.List;

/**
 * Synchronous rounds: all updates are computed from the version that the round trains from, and
 * count by their weights (McMahan et al., Communication-Efficient Learning of Deep Networks from
 * Decentralized Data, 2017).
 */
public record Synchronous() implements RoundMode {
  @Override
  public String name() {
    return "synchronous";
  }

  @Override
  public List<Setting> config() {
    return List.of();
  }

  @Override
  public Synchronous with(Settings settings) {
    return this;
  }

  @Override
  public long maxStaleness() {
    return 0;
  }

  @Override
  public double effectiveWeight(double weight, long staleness) {
    return weight;
  }

  @Override
  public boolean isBuffer() {
    return false;
  }
}
