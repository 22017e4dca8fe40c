package io.fedstep.web;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.fedstep.codec.Durations;
import io.fedstep.coordinator.VersionAddress;
import io.fedstep.model.Name;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.security.Caller;
import io.fedstep.store.Tags;
import io.fedstep.wire.Problems;
import jakarta.servlet.http.HttpServletRequest;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.web.util.UriUtils;

/** A request's path and query: what does not match is 400 {@code malformed}. */
final class Query {
  private static final Pattern NUMBER = Pattern.compile("\\d{1,18}");
  private static final Pattern DECIMAL =
      Pattern.compile("[+-]?+(?:\\d++(?:\\.\\d*+)?+|\\.\\d++)(?:[eE][+-]?+\\d++)?+");

  /** The numbers that are none, as programs of any language write them. */
  private static final Pattern NOT_FINITE =
      Pattern.compile("[+-]?+(?:nan|inf(?:inity)?+)", Pattern.CASE_INSENSITIVE);

  /** The longest text of a number: more digits than any double has. */
  private static final int MOST_DECIMAL = 1000;

  private static final Duration LONGEST_WAIT = Duration.ofSeconds(60);

  private final Map<String, String> parameters = new LinkedHashMap<>();

  /** The query of a request that knows only parameters of these names. */
  Query(HttpServletRequest request, Predicate<String> known) {
    // read here, since the container's parameters may be those of a form in the body
    String text = request.getQueryString();
    for (String pair : text == null ? new String[0] : text.split("&", -1)) {
      if (!pair.isEmpty()) {
        String[] parts = pair.split("=", 2);
        put(decode(parts[0].replace('+', ' ')), parts.length < 2 ? "" : decode(parts[1]), known);
      }
    }
  }

  /**
   * The client of a query that may have nothing else, or null. Callers of the role client may name
   * themselves alone.
   *
   * @param refused says so, of the caller's and the client's id
   */
  static @Nullable String ownClient(HttpServletRequest request, String refused) {
    String client = new Query(request, Set.of("client")::contains).text("client");
    if (client != null) {
      name("client", client);
      Caller caller = Caller.of(request);
      if (caller.isClientOtherThan(client)) {
        throw Refusal.of(Problem.FORBIDDEN, refused.formatted(caller.id(), client)).exception();
      }
    }
    return client;
  }

  /** Checks that a request to an address without parameters has none. */
  static void none(HttpServletRequest request) {
    var _ = new Query(request, _ -> false);
  }

  private void put(String name, String value, Predicate<String> known) {
    if (!known.test(name)) {
      throw Problems.malformed("There is no query parameter '%s' here.".formatted(name));
    }
    if (parameters.put(name, value) != null) {
      throw Problems.malformed("The query parameter '%s' is given twice.".formatted(name));
    }
  }

  /** Percent-decoded UTF-8. In a value, unlike a name, a plus stays one, as in {@code 1e+3}. */
  private static String decode(String text) {
    try {
      byte[] bytes = UriUtils.decode(text, ISO_8859_1).getBytes(ISO_8859_1);
      return UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (IllegalArgumentException | CharacterCodingException e) {
      throw Problems.malformed(
          "The query has '%s', which is not percent-encoded UTF-8.".formatted(text));
    }
  }

  Map<String, String> all() {
    return parameters;
  }

  @Nullable String text(String name) {
    return parameters.get(name);
  }

  @Nullable Long number(String name) {
    String text = text(name);
    return text == null ? null : number(name, text);
  }

  /** Whether a parameter is {@code true}; {@code false} without it. */
  boolean flag(String name) {
    String text = text(name);
    return text != null && flag(name, text);
  }

  /** Whether the text of a parameter is {@code true} and not {@code false}. */
  static boolean flag(String name, String text) {
    if (!text.equals("true") && !text.equals("false")) {
      throw Problems.malformed("%s is '%s'; true or false is needed.".formatted(name, text));
    }
    return text.equals("true");
  }

  /** A duration up to a minute, or null. */
  @Nullable Duration waitTime() {
    String text = text("wait");
    if (text == null) {
      return null;
    }
    Duration wait = Durations.parse(text);
    if (wait == null) {
      throw Problems.malformed(
          "wait is '%s'; a number with ms, s, m, h or d is needed.".formatted(text));
    }
    return wait.compareTo(LONGEST_WAIT) > 0 ? LONGEST_WAIT : wait;
  }

  /** A model's or client's name. */
  static String name(String what, String text) {
    if (!Name.is(text)) {
      throw Problems.malformed("The %s '%s' does not match %s.".formatted(what, text, Name.FORM));
    }
    return text;
  }

  /** A version's number, its tag, or {@code newest}. */
  static VersionAddress version(String text) {
    if (isNumber(text)) {
      return new VersionAddress.Numbered(Long.parseLong(text));
    }
    if (text.equals(Tags.NEWEST)) {
      return new VersionAddress.Newest();
    }
    if (!Tags.isTag(text)) {
      throw Problems.malformed(
          "The version is '%s'; a number, a tag or newest is needed.".formatted(text));
    }
    return new VersionAddress.Tagged(text);
  }

  /** A non-negative integer. */
  static long number(String what, String text) {
    if (!isNumber(text)) {
      throw Problems.malformed("%s is '%s'; a number is needed.".formatted(what, text));
    }
    return Long.parseLong(text);
  }

  /** Whether a text is a non-negative integer. */
  static boolean isNumber(String text) {
    return NUMBER.matcher(text).matches();
  }

  /** A decimal number, or one that is not finite, which is refused later. */
  static double decimal(String what, String text) {
    if (text.length() > MOST_DECIMAL) {
      throw Problems.malformed(
          "%s has %s characters; a number of at most %s is needed."
              .formatted(what, text.length(), MOST_DECIMAL));
    }
    if (NOT_FINITE.matcher(text).matches()) {
      return text.toLowerCase(Locale.ROOT).endsWith("nan")
          ? Double.NaN
          : Math.copySign(Double.POSITIVE_INFINITY, text.startsWith("-") ? -1 : 1);
    }
    if (!DECIMAL.matcher(text).matches()) {
      throw Problems.malformed("%s is '%s'; a number is needed.".formatted(what, text));
    }
    return Double.parseDouble(text);
  }
}
