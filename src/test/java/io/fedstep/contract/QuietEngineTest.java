package io.fedstep.contract;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import io.fedstep.LogLines;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** What failures of simulations say is kept out of the log of a JVM in which servers start. */
class QuietEngineTest {
  private static final String ENGINE = "io.fedstep.coordinator";

  @Test
  void failuresOfSimulatedModels_areNotLogged_onceAServerHasSetTheLogAnew() {
    var _ = Server.shared();
    try (var log = LogLines.of(ENGINE, Level.WARN)) {
      var engine = LoggerFactory.getLogger(ENGINE);
      engine.error("model one is stopped by a failure of this test");
      engine.error(
          "{}: {}", "model staged is stopped by a failure of this test", "the power is gone");
      engine.error("model of-a-test is stopped by a failure of this test");
      assertThat(log.lines("of this test"))
          .containsExactly("ERROR model of-a-test is stopped by a failure of this test");
    }
  }
}
