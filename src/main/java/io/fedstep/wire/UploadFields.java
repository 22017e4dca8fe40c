package io.fedstep.wire;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.Base64;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The header fields of uploads that can be resumed (draft-ietf-httpbis-resumable-upload-12), which
 * are structured (RFC 9651): {@code ?0}, {@code ?1}, plain integers; and {@code Repr-Digest} (RFC
 * 9530). What is of another form is 400 {@code malformed}.
 */
public final class UploadFields {
  public static final String COMPLETE = "Upload-Complete";
  public static final String OFFSET = "Upload-Offset";
  public static final String LENGTH = "Upload-Length";
  public static final String LIMIT = "Upload-Limit";
  public static final String DIGEST = "Repr-Digest";

  /** The digits of the largest structured integer. */
  private static final int MOST_DIGITS = 15;

  private static final String SHA256 = "sha-256";
  private static final int SHA256_BYTES = 32;

  private UploadFields() {}

  /** Whether a request brings a body to its end, or null where it does not say so. */
  public static @Nullable Boolean complete(HttpServletRequest request) {
    String text = one(request, COMPLETE);
    return switch (text) {
      case null -> null;
      case "?0" -> false;
      case "?1" -> true;
      default ->
          throw Problems.malformed("%s is '%s'; ?0 or ?1 is needed.".formatted(COMPLETE, text));
    };
  }

  /** A field that has to be there and an integer. */
  public static long integer(HttpServletRequest request, String name) {
    String text = one(request, name);
    if (text == null) {
      throw Problems.malformed("The field %s is missing.".formatted(name));
    }
    if (text.isEmpty()
        || text.length() > MOST_DIGITS
        || !text.chars().allMatch(c -> c >= '0' && c <= '9')) {
      throw Problems.malformed("%s is '%s'; an integer is needed.".formatted(name, text));
    }
    return Long.parseLong(text);
  }

  private static @Nullable String one(HttpServletRequest request, String name) {
    List<String> values = Collections.list(request.getHeaders(name));
    if (values.size() > 1) {
      throw Problems.malformed("The field %s is given twice.".formatted(name));
    }
    return values.isEmpty() ? null : values.getFirst().strip();
  }

  /** The SHA-256 of the whole in hex, or null where the request does not give it. */
  public static @Nullable String digest(HttpServletRequest request) {
    String found = null;
    for (String line : Collections.list(request.getHeaders(DIGEST))) {
      for (String member : line.split(",", -1)) {
        String[] parts = member.strip().split("=", 2);
        if (parts[0].equals(SHA256)) { // the last one counts, as in any dictionary
          found = bytes(parts.length < 2 ? "" : parts[1]);
        }
      }
    }
    return found;
  }

  private static String bytes(String item) {
    if (item.length() >= 2 && item.startsWith(":") && item.endsWith(":")) {
      try {
        byte[] digest = Base64.getDecoder().decode(item.substring(1, item.length() - 1));
        if (digest.length == SHA256_BYTES) {
          return HexFormat.of().formatHex(digest);
        }
      } catch (IllegalArgumentException e) {
        // as any other form
      }
    }
    throw Problems.malformed(
        "%s has %s=%s; 32 bytes in base64 between colons are needed."
            .formatted(DIGEST, SHA256, item));
  }

  /** Says of an upload on an answer that bytes are still to come, and from where on. */
  public static void incomplete(HttpServletResponse response, long offset) {
    response.setHeader(COMPLETE, "?0");
    response.setHeader(OFFSET, Long.toString(offset));
  }

  /** Says on an answer that it is about the whole, after which no bytes are taken. */
  public static void complete(HttpServletResponse response) {
    response.setHeader(COMPLETE, "?1");
  }

  /**
   * Says on an answer how large an upload may be, and how long it is kept.
   *
   * @param bytes of the whole
   */
  public static void limit(HttpServletResponse response, long bytes, long seconds) {
    response.setHeader(LIMIT, "max-size=%s, max-age=%s".formatted(bytes, seconds));
  }
}
