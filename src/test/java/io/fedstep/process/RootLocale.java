package io.fedstep.process;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.util.List;
import java.util.Locale;
import org.slf4j.LoggerFactory;

/**
 * The locale of fedstep's own process, for Kafka's code in this JVM, which takes letters for
 * Turkish ones.
 */
public final class RootLocale implements AutoCloseable {
  private final Locale before = Locale.getDefault();

  /** Takes the default locale's place until it is closed. */
  public RootLocale() {
    for (String name : List.of("kafka", "org.apache.kafka")) { // would write everything they do
      ((Logger) LoggerFactory.getLogger(name)).setLevel(Level.ERROR);
    }
    Locale.setDefault(Locale.ROOT);
  }

  @Override
  public void close() {
    Locale.setDefault(before);
  }
}
