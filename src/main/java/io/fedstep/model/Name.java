package io.fedstep.model;

import java.util.regex.Pattern;

/** The rule for names of models and of clients. */
public final class Name {
  /** The form of names. */
  public static final Pattern FORM = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,127}");

  /** The most characters of a name. */
  public static final int MOST = 128;

  private Name() {}

  /** Whether a text is a name. */
  public static boolean is(String text) {
    return FORM.matcher(text).matches();
  }

  /** The name, or an {@link IllegalArgumentException} that says what has to be one. */
  public static String check(String what, String text) {
    if (!is(text)) {
      throw new IllegalArgumentException(
          "the %s '%s' does not match %s".formatted(what, text, FORM));
    }
    return text;
  }
}
