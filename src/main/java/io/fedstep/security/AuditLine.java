package io.fedstep.security;

import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.spi.LoggingEventBuilder;

/**
 * A line of the audit log: a text, and the same as fields of the Elastic Common Schema where the
 * log is written as JSON. Texts of the request are printable, and cut.
 *
 * @param action {@code changed} or {@code refused}
 * @param status of the answer
 * @param by the caller's id
 * @param role the caller's, or {@code -}
 * @param from the address that the request came from
 * @param why it was refused, or null
 * @param spent what a model that it removes had spent of its clients' privacy, or null
 */
record AuditLine(
    String action,
    int status,
    String by,
    String role,
    String from,
    String method,
    String path,
    @Nullable String why,
    @Nullable String spent) {
  /** Characters of a request's text that a line shows. */
  private static final int MOST_TEXT = 200;

  private static final int FIRST_FAILURE = 400;
  private static final Pattern UNPRINTABLE = Pattern.compile("[^\\x20-\\x7e]");

  AuditLine {
    from = name(from);
    method = printable(method);
    path = printable(path);
    why = why == null ? null : printable(why);
  }

  /** A sender's name without blanks. */
  static String name(String theirs) {
    return printable(theirs).replace(' ', '?');
  }

  private static String printable(String theirs) {
    String cut = theirs.length() > MOST_TEXT ? theirs.substring(0, MOST_TEXT) + "..." : theirs;
    return UNPRINTABLE.matcher(cut).replaceAll("?");
  }

  /** Writes it. */
  void writeTo(Logger log) {
    LoggingEventBuilder line =
        log.atInfo()
            .addKeyValue("event.kind", "event")
            .addKeyValue("event.category", why == null ? "configuration" : "authentication")
            .addKeyValue("event.action", action)
            .addKeyValue("event.outcome", status < FIRST_FAILURE ? "success" : "failure")
            .addKeyValue("http.request.method", method)
            .addKeyValue("http.response.status_code", status)
            .addKeyValue("url.path", path)
            .addKeyValue("source.address", from)
            .addKeyValue("user.id", by)
            .addKeyValue("user.roles", role);
    if (why != null) {
      line = line.addKeyValue("event.reason", why);
    }
    if (spent != null) {
      line = line.addKeyValue("fedstep.privacy.spent", spent);
    }
    line.log(toString());
  }

  @Override
  public String toString() {
    String line =
        "%s status=%s by=%s role=%s from=%s %s %s"
            .formatted(action, status, by, role, from, method, path);
    return line + quoted("why", why) + quoted("spent", spent);
  }

  private static String quoted(String key, @Nullable String text) {
    return text == null ? "" : " %s=\"%s\"".formatted(key, text);
  }
}
