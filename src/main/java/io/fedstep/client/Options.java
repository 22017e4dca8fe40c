package io.fedstep.client;

import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * How a server is spoken to.
 *
 * @param token gives a bearer token or a JWT, and is asked again once one is refused; null for none
 * @param patience from its first failure on, how long a call goes on trying; also the most that an
 *     answer may take to begin, a minute at least
 * @param headers fields that go with every request, but not to where another host redirects to
 * @param tls which servers are trusted and which certificate is shown; null for the JDK's own
 */
public record Options(
    @Nullable Supplier<String> token,
    Duration patience,
    Map<String, String> headers,
    @Nullable SSLContext tls) {
  private static final Duration PATIENCE = Duration.ofMinutes(5);

  public Options {
    headers = Map.copyOf(headers);
  }

  /** Without a token, with the JDK's trust, and five minutes of patience. */
  public static Options defaults() {
    return new Options(null, PATIENCE, Map.of(), null);
  }

  /** These with a token that stays the same. */
  public Options token(String fixed) {
    return token(() -> fixed);
  }

  /** These with a token that may be another one later, such as one of a file. */
  public Options token(Supplier<String> source) {
    return new Options(source, patience, headers, tls);
  }

  /** These with another patience. */
  public Options patience(Duration other) {
    return new Options(token, other, headers, tls);
  }

  /** These with one field more. */
  public Options header(String name, String value) {
    var more = new TreeMap<>(headers);
    more.put(name, value);
    return new Options(token, patience, more, tls);
  }

  /** These with other trust, or a certificate. */
  public Options tls(SSLContext context) {
    return new Options(token, patience, headers, context);
  }
}
