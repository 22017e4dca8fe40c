package io.fedstep.kafka;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.slf4j.LoggerFactory;

/**
 * Tests in which thousands of failures are wanted, each with its trace; {@code -Dsim.log=true}
 * shows them.
 */
interface LogsNothing {
  @BeforeAll
  static void logNothing() {
    if (!Boolean.getBoolean("sim.log")) {
      ((Logger) LoggerFactory.getLogger("io.fedstep")).setLevel(Level.OFF);
    }
  }

  @AfterAll
  static void logAgain() {
    ((Logger) LoggerFactory.getLogger("io.fedstep")).setLevel(null);
  }
}
