package io.fedstep.codec;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Durations on the wire: a number with {@code ms}, {@code s} or {@code m}. */
public final class Durations {
  private static final Pattern FORM = Pattern.compile("(\\d{1,30}(?:\\.\\d{1,30})?)(ms|s|m)");

  /** About 30,000 years; longer ones count as this one. */
  private static final BigDecimal LONGEST = BigDecimal.valueOf(1_000_000_000_000_000L);

  private Durations() {}

  /** The duration, in whole milliseconds, or null where the text is not of the form. */
  public static @Nullable Duration parse(String text) {
    Matcher matcher = FORM.matcher(text);
    if (!matcher.matches()) {
      return null;
    }
    long unit =
        switch (matcher.group(2)) {
          case "ms" -> 1;
          case "s" -> 1_000;
          default -> 60_000;
        };
    return Duration.ofMillis(
        new BigDecimal(matcher.group(1))
            .multiply(BigDecimal.valueOf(unit))
            .setScale(0, RoundingMode.CEILING)
            .min(LONGEST)
            .longValueExact());
  }

  /** The shortest form in seconds or milliseconds. */
  public static String write(Duration duration) {
    long millis = duration.toMillis();
    return millis % 1000 == 0 ? millis / 1000 + "s" : millis + "ms";
  }
}
