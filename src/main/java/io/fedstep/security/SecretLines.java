package io.fedstep.security;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.turbo.TurboFilter;
import ch.qos.logback.core.spi.FilterReply;
import java.util.Arrays;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import org.slf4j.Marker;

/** Keeps lines with credentials from the log, whatever the level. */
public final class SecretLines extends TurboFilter {
  /** Tells what came over connections as it came, also in pieces. */
  private static final String INPUT = "org.apache.coyote.http11.Http11InputBuffer";

  private static final Pattern SECRET =
      Pattern.compile(
          "\\b(bearer|basic)\\s+\\S|authorization\\W{0,3}[:=]", Pattern.CASE_INSENSITIVE);

  /** Has it look at all lines from now on. */
  public static void install() {
    if (LoggerFactory.getILoggerFactory() instanceof LoggerContext context
        && context.getTurboFilterList().stream().noneMatch(SecretLines.class::isInstance)) {
      context.addTurboFilter(new SecretLines());
    }
  }

  @Override
  public FilterReply decide(
      @Nullable Marker marker,
      Logger logger,
      Level level,
      @Nullable String format,
      Object @Nullable [] parameters,
      @Nullable Throwable thrown) {
    if (level.isGreaterOrEqual(Level.INFO) || !level.isGreaterOrEqual(logger.getEffectiveLevel())) {
      return FilterReply.NEUTRAL;
    }
    return logger.getName().equals(INPUT) || isSecret(format) || isSecret(parameters)
        ? FilterReply.DENY
        : FilterReply.NEUTRAL;
  }

  private static boolean isSecret(@Nullable Object text) {
    return switch (text) {
      case null -> false;
      case Object[] all -> Arrays.stream(all).anyMatch(SecretLines::isSecret);
      default -> SECRET.matcher(text.toString()).find();
    };
  }
}
