package io.fedstep.client;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.net.URI;
import java.util.Base64;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The fields that say who sends a request. */
final class Credentials {
  private static final String AUTHORIZATION = "Authorization";

  private final @Nullable Supplier<String> source;
  private final Map<String, String> others = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
  private @Nullable String token;

  /** Those of the options, and the user and password of the server's address. */
  Credentials(URI server, Options options) {
    source = options.token();
    others.putAll(options.headers());
    String user = server.getUserInfo();
    if (user != null) {
      others.put(
          AUTHORIZATION, "Basic " + Base64.getEncoder().encodeToString(user.getBytes(UTF_8)));
    }
    if (source != null && others.containsKey(AUTHORIZATION)) {
      throw new IllegalArgumentException("a token and another Authorization cannot both be sent");
    }
  }

  /** What to send. */
  synchronized Map<String, String> fields() {
    if (source == null) {
      return others;
    }
    if (token == null) {
      token = source.get();
    }
    var fields = new TreeMap<>(others);
    fields.put(AUTHORIZATION, "Bearer " + token);
    return fields;
  }

  /** Whether there is something else to send than what was refused. */
  synchronized boolean renew(Map<String, String> refused) {
    if (source != null && fields().equals(refused)) {
      token = source.get();
    }
    return !fields().equals(refused);
  }

  /** Whether a field is for this server alone. */
  boolean has(String field) {
    return field.equalsIgnoreCase(AUTHORIZATION) || others.containsKey(field);
  }
}
