package io.fedstep.wire;

import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.problem.RefusedException;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A part of a representation: {@code length} bytes from {@code from} on.
 *
 * @param size of the whole representation
 */
public record ByteRange(long from, long length, long size) {
  /** One range; a list may have empty elements (RFC 9110, 5.6.1). */
  private static final Pattern ONE =
      Pattern.compile("bytes=[ \t,]*+(\\d*+)-(\\d*+)[ \t,]*+", Pattern.CASE_INSENSITIVE);

  static ByteRange whole(long size) {
    return new ByteRange(0, size, size);
  }

  /**
   * What the fields of {@code Range} ask for, or null where they are to be ignored (RFC 9110,
   * 14.2): other units, what is malformed, and several ranges, which are cheaper as one.
   *
   * @throws RefusedException 416 if nothing of the range is there
   */
  public static @Nullable ByteRange asked(List<String> fields, long size) {
    Matcher range = ONE.matcher(String.join(", ", fields));
    if (!range.matches() || (range.group(1) + range.group(2)).isEmpty()) {
      return null;
    }
    if (range.group(1).isEmpty()) {
      long length = Math.min(number(range.group(2)), size);
      return satisfiable(size - length, size, size);
    }
    long from = number(range.group(1));
    long to = range.group(2).isEmpty() ? Long.MAX_VALUE : number(range.group(2));
    return to < from ? null : satisfiable(from, Math.min(to, size - 1) + 1, size);
  }

  private static ByteRange satisfiable(long from, long end, long size) {
    if (from >= size) {
      throw Refusal.of(
              Problem.RANGE_NOT_SATISFIABLE,
              "There are %s bytes here, none of them in that range.".formatted(size))
          .with("length", size)
          .exception();
    }
    return new ByteRange(from, end - from, size);
  }

  /** A number of any length: more than a long is more than there is. */
  private static long number(String digits) {
    return digits.length() > 18 ? Long.MAX_VALUE : Long.parseLong(digits);
  }

  /** As {@code Content-Range} has it. */
  @Override
  public String toString() {
    return "bytes %s-%s/%s".formatted(from, from + length - 1, size);
  }
}
