package io.fedstep.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import io.fedstep.LogLines;
import io.fedstep.aggregate.Averaging;
import io.fedstep.coordinator.Phase;
import io.fedstep.model.DifferentialPrivacy;
import io.fedstep.model.ModelSpec;
import io.fedstep.model.RoundPolicy;
import io.fedstep.optim.Optimizer;
import io.fedstep.problem.Problem;
import io.fedstep.round.RoundRecord.Outcome;
import io.fedstep.vector.Dtype;
import io.fedstep.vector.TensorLayout;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class ModelLogTest {
  private static final String NAME = "io.fedstep.models.test";

  private final AtomicLong nanos = new AtomicLong();
  private final LogLines log = LogLines.of(NAME, Level.INFO);
  private final ModelLog models = new ModelLog(LoggerFactory.getLogger(NAME), nanos::get);

  @AfterEach
  void close() {
    models.close();
    log.close();
  }

  private void ended(Outcome outcome) {
    models.roundEnded(
        "toy",
        ServerMetersTest.round(outcome, Map.of()),
        Duration.ofMillis(20),
        Duration.ofMillis(1000));
  }

  private void refused(String model, Problem why) {
    models.updateAnswered(model, why.code(), Duration.ofMillis(1), 0);
  }

  @Test
  void rounds_haveALineEach() {
    ended(Outcome.COMPLETED);
    ended(Outcome.NOT_FINITE);
    ended(Outcome.DISCARDED);
    assertThat(log.lines())
        .containsExactly(
            "INFO model toy: round 7 closed with 1 updates after 4.0 s; version 8 took 1.02 s",
            "WARN model toy: round 7 would have made weights that are not finite, with 1 updates,"
                + " the largest norm 1.0 by alice; version 8 repeats the one before",
            "INFO model toy: round 7 was discarded with 1 updates, for a version by hand");
  }

  @Test
  void normsOfAPrivateModel_areInNoLine() {
    var spec =
        new ModelSpec(
            new TensorLayout(Map.of("w", List.of(3L))),
            Dtype.FLOAT32,
            Optimizer.DEFAULT,
            new Averaging(false),
            null,
            new DifferentialPrivacy(1, 1.5, null, 1e-5, null),
            RoundPolicy.DEFAULT);
    models.roundEnded(
        "toy",
        ServerMetersTest.round(spec, Outcome.NOT_FINITE, Map.of()),
        Duration.ofMillis(20),
        Duration.ofMillis(1000));
    assertThat(log.lines())
        .containsExactly(
            "WARN model toy: round 7 would have made weights that are not finite, with 1 updates;"
                + " version 8 repeats the one before");
  }

  @Test
  void roundsInASimulation_areCounted() {
    for (int i = 0; i < 1000; i++) {
      ended(Outcome.COMPLETED);
    }
    models.tellMinute();
    assertThat(log.lines()).hasSize(61).last().isEqualTo("INFO model toy: 940 more rounds ended");
    nanos.addAndGet(Duration.ofSeconds(1).toNanos());
    ended(Outcome.COMPLETED);
    assertThat(log.lines()).hasSize(62);
  }

  @Test
  void deadlinesThatPass_areToldOnceARound() {
    models.modelAdded("toy", () -> ServerMetersTest.status(Phase.COLLECTING));
    models.deadlinePassed("toy");
    models.deadlinePassed("toy");
    ended(Outcome.COMPLETED);
    models.deadlinePassed("toy");
    assertThat(log.lines())
        .filteredOn(line -> line.startsWith("WARN"))
        .hasSize(2)
        .containsOnly(
            "WARN model toy: the deadline of round 7 passed with 2 of 1 updates; it stays open");
  }

  @Test
  void refusals_areSummedUpOnceAMinute_byModelAndReason() {
    models.modelAdded("toy", () -> ServerMetersTest.status(Phase.COLLECTING));
    refused("toy", Problem.WRONG_SHAPE);
    refused("toy", Problem.ROUND_CLOSED);
    refused("toy", Problem.ROUND_CLOSED);
    refused("guessed", Problem.MODEL_NOT_FOUND);
    refused("guessed-too", Problem.MODEL_NOT_FOUND);
    refused("and-again", Problem.MODEL_NOT_FOUND);
    refused("for-ever", Problem.MODEL_NOT_FOUND);
    models.updateAnswered("toy", ModelLog.ACCEPTED, Duration.ofMillis(1), 0);
    assertThat(log.lines()).isEmpty();
    models.tellMinute();
    models.tellMinute();
    assertThat(log.lines())
        .containsExactly(
            "INFO models that are not here: 4 updates refused in a minute: model-not-found 4",
            "INFO model toy: 3 updates refused in a minute: round-closed 2, wrong-shape 1");
  }
}
