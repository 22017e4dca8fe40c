package io.fedstep.contract;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.util.List;
import org.slf4j.LoggerFactory;

/** What the audit log says while this is open. */
final class Audit implements AutoCloseable {
  private static final long MOST_NANOS = 10_000_000_000L;

  private final Logger log = (Logger) LoggerFactory.getLogger("io.fedstep.audit");
  private final ListAppender<ILoggingEvent> appender = new ListAppender<>();

  Audit() {
    appender.start();
    log.addAppender(appender);
  }

  /** The lines that have a text in them. */
  List<String> lines(String text) {
    List<ILoggingEvent> all;
    synchronized (appender) { // as whoever appends does
      all = List.copyOf(appender.list);
    }
    return all.stream()
        .map(ILoggingEvent::getFormattedMessage)
        .filter(line -> line.contains(text))
        .toList();
  }

  /** The same, once there are so many: a line may come a moment after the answer. */
  List<String> lines(String text, int count) {
    long begin = System.nanoTime();
    while (lines(text).size() < count && System.nanoTime() - begin < MOST_NANOS) {
      Thread.onSpinWait();
    }
    return lines(text);
  }

  @Override
  public void close() {
    log.detachAppender(appender);
  }
}
