package io.fedstep.coordinator;

import io.fedstep.round.RoundRecord;
import java.time.Duration;
import java.util.List;
import java.util.SortedMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Several who are told, one after the other. */
public record Listeners(List<Listener> all) implements Listener {
  @Override
  public void modelAdded(String model, @Nullable Supplier<ModelStatus> status) {
    all.forEach(one -> one.modelAdded(model, status));
  }

  @Override
  public void modelFollowed(String model) {
    all.forEach(one -> one.modelFollowed(model));
  }

  @Override
  public void modelRemoved(String model) {
    all.forEach(one -> one.modelRemoved(model));
  }

  @Override
  public void roundEnded(String model, RoundRecord round, Duration aggregation, Duration commit) {
    all.forEach(one -> one.roundEnded(model, round, aggregation, commit));
  }

  @Override
  public void stageEnded(String model, String stage, Duration lasted) {
    all.forEach(one -> one.stageEnded(model, stage, lasted));
  }

  @Override
  public void reported(String model, SortedMap<String, Double> means) {
    all.forEach(one -> one.reported(model, means));
  }

  @Override
  public void metricsLeftOut(String model, int count) {
    all.forEach(one -> one.metricsLeftOut(model, count));
  }

  @Override
  public void deadlinePassed(String model) {
    all.forEach(one -> one.deadlinePassed(model));
  }

  @Override
  public void updateAnswered(String model, String outcome, Duration duration, long bytes) {
    all.forEach(one -> one.updateAnswered(model, outcome, duration, bytes));
  }
}
