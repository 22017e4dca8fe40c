package io.fedstep.local;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.turbo.TurboFilter;
import ch.qos.logback.core.spi.FilterReply;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import org.slf4j.Marker;

/**
 * Keeps the failures of simulated models out of the log, of which there are thousands, each with
 * its trace. Those of other tests' models are logged.
 */
public final class QuietEngine extends TurboFilter {
  private static final QuietEngine ONLY = new QuietEngine();
  private static final Pattern MODEL = Pattern.compile("model (\\w+)");
  private static final Set<String> SIMULATED = Set.of("one", "two", "old", "staged", "secret");

  private QuietEngine() {}

  /** Has it there, once more wherever a Spring context has set the log anew. */
  public static void install() {
    ((LoggerContext) LoggerFactory.getILoggerFactory()).getTurboFilterList().addIfAbsent(ONLY);
  }

  @Override
  public FilterReply decide(
      @Nullable Marker marker,
      Logger logger,
      Level level,
      @Nullable String format,
      Object @Nullable [] params,
      @Nullable Throwable thrown) {
    if (format == null || !logger.getName().equals("io.fedstep.coordinator")) {
      return FilterReply.NEUTRAL;
    }
    String message = format.equals("{}: {}") && params != null ? String.valueOf(params[0]) : format;
    Matcher named = MODEL.matcher(message);
    return named.lookingAt() && SIMULATED.contains(named.group(1))
        ? FilterReply.DENY
        : FilterReply.NEUTRAL;
  }
}
