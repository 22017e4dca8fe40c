package io.fedstep.web;

import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.problem.RefusedException;
import jakarta.servlet.http.HttpServletRequest;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A request's body: its form as the head says it, and its bytes up to a limit. */
final class Body {
  /** The request attribute under which the number of bytes read is kept. */
  static final String BYTES = "io.fedstep.body.bytes";

  private static final String JSON = "application/json";
  private static final String OCTETS = "application/octet-stream";

  private Body() {}

  /** Whether the body is JSON; if not it is octets, or the request is refused. */
  static boolean isJson(HttpServletRequest request) {
    checkWhole(request);
    String type = mediaType(request);
    if (!JSON.equals(type) && !OCTETS.equals(type)) {
      throw unsupported(type, JSON + " and " + OCTETS);
    }
    return JSON.equals(type);
  }

  /** The bytes of a body that has to be JSON. */
  static InputStream json(HttpServletRequest request, long limit) {
    checkWhole(request);
    String type = mediaType(request);
    if (!JSON.equals(type)) {
      throw unsupported(type, JSON);
    }
    return limited(request, limit);
  }

  private static @Nullable String mediaType(HttpServletRequest request) {
    String type = request.getContentType();
    return type == null ? null : type.split(";", 2)[0].strip().toLowerCase(Locale.ROOT);
  }

  private static RefusedException unsupported(@Nullable String type, String supported) {
    return Refusal.of(
            Problem.UNSUPPORTED_FORMAT,
            "%s; read here: %s."
                .formatted(
                    type == null
                        ? "The Content-Type is missing"
                        : "The Content-Type '%s' is not supported".formatted(type),
                    supported))
        .exception();
  }

  private static void checkWhole(HttpServletRequest request) {
    if (request.getHeader("Content-Range") != null) {
      throw Query.malformed("A body is sent whole; Content-Range is not supported.");
    }
    String encoding = request.getHeader("Content-Encoding");
    if (encoding != null && !encoding.equalsIgnoreCase("identity")) {
      throw Refusal.of(
              Problem.UNSUPPORTED_FORMAT,
              "The Content-Encoding '%s' is not supported.".formatted(encoding))
          .exception();
    }
  }

  /** The body's bytes; more than {@code limit} is 413, before any is read if the head says so. */
  static InputStream limited(HttpServletRequest request, long limit) {
    long length = request.getContentLengthLong();
    if (length > limit) {
      throw tooLarge(limit).with("actual", length).exception();
    }
    try {
      return new Limited(request, limit);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static Refusal tooLarge(long limit) {
    return Refusal.of(
            Problem.TOO_LARGE, "The body has more than the %d bytes taken here.".formatted(limit))
        .with("expected", limit);
  }

  private static final class Limited extends FilterInputStream {
    private final HttpServletRequest request;
    private final long limit;
    private long read;

    Limited(HttpServletRequest request, long limit) throws IOException {
      super(request.getInputStream());
      this.request = request;
      this.limit = limit;
    }

    @Override
    public int read() throws IOException {
      int value = super.read();
      count(value < 0 ? 0 : 1);
      return value;
    }

    @Override
    public int read(byte[] bytes, int from, int length) throws IOException {
      int count = super.read(bytes, from, length);
      count(Math.max(count, 0));
      return count;
    }

    private void count(int more) {
      read += more;
      request.setAttribute(BYTES, read);
      if (read > limit) {
        throw tooLarge(limit).exception();
      }
    }
  }
}
