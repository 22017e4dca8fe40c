package io.fedstep.problem;

import java.util.LinkedHashMap;
import java.util.Map;

/** Texts of others in messages: what is longer than a person reads is cut. */
final class Texts {
  /** The most characters of a text of others. */
  private static final int MOST = 200;

  /** The most characters between two quotes of a sentence: our own are shorter. */
  private static final int MOST_BETWEEN = 600;

  /** The most characters of a sentence. */
  private static final int MOST_IN_ALL = 2_000;

  private Texts() {}

  /** A text, or its begin. */
  static String cut(String text) {
    return cut(text, MOST);
  }

  private static String cut(String text, int most) {
    if (text.length() <= most) {
      return text;
    }
    int end = Character.isHighSurrogate(text.charAt(most - 1)) ? most - 1 : most;
    return text.substring(0, end) + "…";
  }

  /** A sentence that has texts of others between single quotes. */
  static String sentence(String detail) {
    if (detail.length() <= MOST) {
      return detail;
    }
    var cut = new StringBuilder();
    boolean quoted = false;
    int from = 0;
    while (from <= detail.length() && cut.length() <= MOST_IN_ALL) {
      int quote = detail.indexOf('\'', from);
      int end = quote < 0 ? detail.length() : quote;
      cut.append(cut(detail.substring(from, end), quoted ? MOST : MOST_BETWEEN));
      cut.append(quote < 0 ? "" : "'");
      quoted = !quoted;
      from = end + 1;
    }
    return cut(cut.toString(), MOST_IN_ALL);
  }

  /** Members of a problem document; what is no text stays as it is. */
  static Map<String, Object> members(Map<String, Object> members) {
    var cut = new LinkedHashMap<>(members);
    cut.replaceAll((_, value) -> value instanceof String text ? cut(text) : value);
    return cut;
  }
}
