package io.fedstep;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.LoggerFactory;

/** What is logged while it is open. */
public final class LogLines extends AppenderBase<ILoggingEvent> implements AutoCloseable {
  private final Logger logger;
  private final Level before;
  private final List<String> lines = new CopyOnWriteArrayList<>();

  private LogLines(Logger logger, Level level) {
    this.logger = logger;
    before = logger.getLevel();
    logger.setLevel(level);
    start();
    logger.addAppender(this);
  }

  /** What a class warns of. */
  public static LogLines of(Class<?> logger) {
    return of(logger.getName(), Level.WARN);
  }

  /** What a logger says at a level and above. */
  public static LogLines of(String logger, Level level) {
    return new LogLines((Logger) LoggerFactory.getLogger(logger), level);
  }

  @Override
  protected void append(ILoggingEvent line) {
    lines.add(line.getLevel() + " " + line.getFormattedMessage());
  }

  /** The lines, each after its level; for loggers that no test beside has. */
  public List<String> lines() {
    return lines;
  }

  /** Those that have a text in them, as no line of a test beside has: a folder, say. */
  public List<String> lines(Object text) {
    return lines.stream().filter(line -> line.contains(text.toString())).toList();
  }

  @Override
  public void close() {
    logger.detachAppender(this);
    logger.setLevel(before);
  }
}
