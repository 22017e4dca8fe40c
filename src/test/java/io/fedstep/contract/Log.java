package io.fedstep.contract;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.util.List;
import org.slf4j.LoggerFactory;

/** What the server's own log says while this is open. */
final class Log implements AutoCloseable {
  /** Deadlines pass, and steps overflow, in models of other tests too. */
  private static final String OF_ROUNDS = "io.fedstep.models";

  private final Logger log = (Logger) LoggerFactory.getLogger("io.fedstep");
  private final ListAppender<ILoggingEvent> appender = new ListAppender<>();

  Log() {
    appender.start();
    log.addAppender(appender);
  }

  /** The lines that ask for somebody's attention. */
  List<String> warnings() {
    List<ILoggingEvent> all;
    synchronized (appender) { // as whoever appends does
      all = List.copyOf(appender.list);
    }
    return all.stream()
        .filter(line -> line.getLevel().isGreaterOrEqual(Level.WARN))
        .filter(line -> !line.getLoggerName().equals(OF_ROUNDS))
        .map(ILoggingEvent::getFormattedMessage)
        .toList();
  }

  @Override
  public void close() {
    log.detachAppender(appender);
  }
}
