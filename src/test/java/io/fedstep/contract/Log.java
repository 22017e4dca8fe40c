package io.fedstep.contract;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.util.List;
import java.util.Set;
import org.slf4j.LoggerFactory;

/** What the server's log says while this is open, without what other tests and their models say. */
final class Log implements AutoCloseable {
  private static final Set<String> OF_MODELS =
      Set.of("io.fedstep.models", "io.fedstep.coordinator");

  private static final String OF_CLIENTS = "io.fedstep.client";

  /** In a folder that JUnit has made for a test, which is none of the server's. */
  private static final String OF_FOLDERS = "/junit-";

  private final Model model;
  private final Logger log = (Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME);
  private final ListAppender<ILoggingEvent> appender = new ListAppender<>();

  Log(Model model) {
    this.model = model;
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
        .filter(line -> !line.getLoggerName().startsWith(OF_CLIENTS))
        .filter(line -> !line.getFormattedMessage().contains(OF_FOLDERS))
        .filter(line ->
            !OF_MODELS.contains(line.getLoggerName())
                || line.getFormattedMessage().contains(model.name()))
        .map(ILoggingEvent::getFormattedMessage)
        .toList();
  }

  @Override
  public void close() {
    log.detachAppender(appender);
  }
}
