package io.fedstep.codec;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Durations on the wire: a number with {@code ms}, {@code s}, {@code m}, {@code h} or {@code d}.
 */
public final class Durations {
  private static final Pattern FORM = Pattern.compile("(\\d{1,30}(?:\\.\\d{1,30})?)(ms|s|m|h|d)");

  /** About 30,000 years; longer ones count as this one. */
  private static final BigDecimal LONGEST = BigDecimal.valueOf(1_000_000_000_000_000L);

  private Durations() {}

  /**
   * The duration, in whole milliseconds rounded up, or null where the text is not of the form; less
   * than one is none.
   */
  public static @Nullable Duration parse(String text) {
    Matcher matcher = FORM.matcher(text);
    if (!matcher.matches()) {
      return null;
    }
    long unit =
        switch (matcher.group(2)) {
          case "ms" -> 1;
          case "s" -> 1_000;
          case "m" -> 60_000;
          case "h" -> 3_600_000;
          default -> 86_400_000;
        };
    BigDecimal millis = new BigDecimal(matcher.group(1)).multiply(BigDecimal.valueOf(unit));
    return millis.compareTo(BigDecimal.ONE) < 0
        ? Duration.ZERO
        : Duration.ofMillis(millis.setScale(0, RoundingMode.CEILING).min(LONGEST).longValueExact());
  }

  /** The shortest form in seconds or milliseconds. */
  public static String write(Duration duration) {
    long millis = duration.toMillis();
    return millis % 1000 == 0 ? millis / 1000 + "s" : millis + "ms";
  }
}
