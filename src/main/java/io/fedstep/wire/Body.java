package io.fedstep.wire;

import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.problem.RefusedException;
import jakarta.servlet.ServletInputStream;
import jakarta.servlet.http.HttpServletRequest;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A request's body: its form as the head says it, and its bytes up to a limit. */
public final class Body {
  private static final String JSON = "application/json";

  private Body() {}

  /**
   * Whether requests of a method have a body that is an upload: a document, or a part of one. One
   * that is no HTTP may have none.
   */
  public static boolean comesWith(@Nullable String method) {
    return "PUT".equals(method) || "PATCH".equals(method);
  }

  /** The bytes of a body that has to be JSON. */
  public static InputStream json(HttpServletRequest request, long limit) {
    String type = mediaType(request);
    if (!JSON.equals(type)) {
      throw unsupported(type, JSON);
    }
    return limited(request, limit);
  }

  /**
   * The media type that the head names, or null; a part of a body, and an unknown coding, are
   * refused.
   */
  public static @Nullable String mediaType(HttpServletRequest request) {
    if (request.getHeader("Content-Range") != null) {
      throw Problems.malformed("A body is sent whole; Content-Range is not supported.");
    }
    coding(request);
    return type(request);
  }

  private static @Nullable String type(HttpServletRequest request) {
    String type = request.getContentType();
    return type == null ? null : type.split(";", 2)[0].strip().toLowerCase(Locale.ROOT);
  }

  /** The refusal of a body of a media type that is not read, or of none. */
  public static RefusedException unsupported(@Nullable String type, String supported) {
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

  /** The refusal of a body that is compressed where it must not be. */
  public static RefusedException unsupportedCoding(String detail) {
    return Refusal.of(Problem.UNSUPPORTED_FORMAT, detail).exception();
  }

  /** How the body is compressed, or the request is refused. */
  public static Coding coding(HttpServletRequest request) {
    String field = request.getHeader("Content-Encoding");
    Coding coding = Coding.named(field);
    if (coding == null) {
      throw Refusal.of(
              Problem.UNSUPPORTED_FORMAT,
              "The Content-Encoding '%s' is not supported; gzip and zstd are.".formatted(field))
          .exception();
    }
    return coding;
  }

  /**
   * The body's bytes, expanded if it is compressed; more than {@code limit} is 413, before any is
   * read if the head says so.
   */
  public static InputStream limited(HttpServletRequest request, long limit) {
    long length = request.getContentLengthLong();
    if (length > limit) {
      throw tooLarge(limit).with("actual", length).exception();
    }
    try {
      ServletInputStream whole = request.getInputStream();
      if (!isHeavy(request, length)) {
        return new LimitedChannel(whole, request, limit);
      }
      DecodedBody decoded = DecodedBody.open(whole, coding(request), request);
      Exchange.of(request).hold(decoded);
      return new Limited(decoded, request, limit);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Whether reading it takes more than the time in which its bytes come. */
  private static boolean isHeavy(HttpServletRequest request, long length) {
    boolean small = length >= 0 && length <= HeavyWork.SMALL;
    return coding(request) != Coding.IDENTITY || (!small && JSON.equals(type(request)));
  }

  /** The refusal of a body that is longer. */
  public static Refusal tooLarge(long limit) {
    return Refusal.of(
            Problem.TOO_LARGE, "The body has more than the %s bytes taken here.".formatted(limit))
        .with("expected", limit);
  }

  private static class Limited extends FilterInputStream {
    private final Exchange exchange;
    private final long limit;
    private long read;

    Limited(InputStream expanded, HttpServletRequest request, long limit) {
      super(expanded);
      exchange = Exchange.of(request);
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

    final void count(int more) {
      read += more;
      exchange.count(more);
      if (read > limit) {
        throw tooLarge(limit).exception();
      }
    }
  }

  /** A body that is not compressed, whose bytes can be had in any buffer. */
  private static final class LimitedChannel extends Limited implements ReadableByteChannel {
    private final ServletInputStream whole;

    LimitedChannel(ServletInputStream whole, HttpServletRequest request, long limit) {
      super(whole, request, limit);
      this.whole = whole;
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
      int count = whole.read(into.duplicate()); // whose limit Tomcat moves
      into.position(into.position() + Math.max(count, 0));
      count(Math.max(count, 0));
      return count;
    }

    @Override
    public boolean isOpen() {
      return true;
    }
  }
}
