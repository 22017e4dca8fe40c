package io.fedstep.client;

import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Requests to where an answer points. The JDK's own following keeps or drops the token depending on
 * its release.
 */
final class Redirects {
  static final int MOST = 5;

  private static final int SEE_OTHER = 303;
  private static final Set<Integer> STATUSES = Set.of(301, 302, SEE_OTHER, 307, 308);

  private Redirects() {}

  /** The request that comes next, or null; to another server it goes without credentials. */
  static @Nullable HttpRequest next(
      HttpRequest request, HttpResponse<?> answer, Credentials credentials) {
    String location = answer.headers().firstValue("Location").orElse(null);
    if (location == null || !STATUSES.contains(answer.statusCode())) {
      return null;
    }
    URI target = request.uri().resolve(location);
    boolean same = isSame(request.uri(), target);
    HttpRequest.Builder next =
        HttpRequest.newBuilder(request, (name, _) -> same || !credentials.has(name)).uri(target);
    return (answer.statusCode() == SEE_OTHER ? next.method("GET", BodyPublishers.noBody()) : next)
        .build();
  }

  private static boolean isSame(URI one, URI other) {
    return Objects.equals(one.getScheme(), other.getScheme())
        && Objects.equals(one.getHost(), other.getHost())
        && one.getPort() == other.getPort();
  }
}
