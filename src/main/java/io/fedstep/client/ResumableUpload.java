package io.fedstep.client;

import java.io.IOException;
import java.net.http.HttpRequest;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.Base64;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * A large body of an update, which goes on where a connection broke off
 * (draft-ietf-httpbis-resumable-upload-12). Where the server does not take it so, it is sent whole.
 */
final class ResumableUpload {
  /** From here on one more request is worth it. */
  static final int LEAST = 8 << 20;

  /** How often an upload is begun that is gone before it is whole. */
  private static final int MOST_BEGUN = 5;

  private static final int NOT_FOUND = 404;
  private static final int TIMEOUT = 408;
  private static final int CONFLICT = 409;
  private static final int TOO_MANY = 429;
  private static final int SERVER = 500;

  /** The statuses of a server, or of something on the way, that does not know what is asked. */
  private static final Set<Integer> UNKNOWN = Set.of(400, 404, 405, 411, 413, 415, 501);

  /** What a server says that takes the update whole alone, or would take an empty body for it. */
  private static final Set<String> WHOLE =
      Set.of("not-resumable", "update-exists", "wrong-length", "wrong-shape");

  /** What the whole would be told as well. */
  private static final Set<String> SAME = Set.of("model-not-found", "too-large");

  private final Exchange exchange;
  private final String address;
  private final String type;
  private final byte[] body;

  /** An update's address with its query, and its body. */
  ResumableUpload(Exchange exchange, String address, String type, byte[] body) {
    this.exchange = exchange;
    this.address = address;
    this.type = type;
    this.body = body;
  }

  /** Sends it; the receipt. */
  JsonNode send() throws IOException, InterruptedException {
    for (int begun = 0; begun < MOST_BEGUN; begun++) {
      String location = begin();
      if (location == null) {
        break;
      }
      try {
        return send(location);
      } catch (RefusedByServer e) {
        if (e.status() != NOT_FOUND || SAME.contains(e.code())) {
          throw e;
        }
      }
    }
    return exchange.json(exchange.put(address, type, body));
  }

  /** Where the bytes go, or null where they are to be sent whole. */
  private @Nullable String begin() throws IOException, InterruptedException {
    HttpRequest.Builder request =
        exchange
            .put(address, type, new byte[0])
            .header("Upload-Draft-Interop-Version", "8")
            .header("Upload-Complete", "?0")
            .header("Upload-Length", Integer.toString(body.length))
            .header("Repr-Digest", "sha-256=:" + digest() + ":");
    try {
      Answer answer = exchange.send(request);
      String location = answer.field("Location");
      return answer.status() != 201 || location == null ? null : exchange.path(location);
    } catch (RefusedByServer e) {
      boolean isWhole = WHOLE.contains(e.code()) || UNKNOWN.contains(e.status());
      if (!isWhole || SAME.contains(e.code())) {
        throw e;
      }
      return null;
    }
  }

  private String digest() {
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(body);
      return Base64.getEncoder().encodeToString(digest);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  /**
   * Sends what is missing until it is whole; patience begins anew with every byte that is there.
   */
  private JsonNode send(String location) throws IOException, InterruptedException {
    var patience = new Patience(exchange.patience(), false);
    int at = 0;
    while (true) {
      try {
        HttpRequest.Builder rest =
            exchange
                .patch(location, "application/partial-upload", body, at)
                .header("Upload-Draft-Interop-Version", "8")
                .header("Upload-Offset", Integer.toString(at))
                .header("Upload-Complete", "?1");
        return exchange.send(rest, Answer::json, Duration.ZERO);
      } catch (RefusedByServer e) {
        if (!isResumed(e)) {
          throw e;
        }
        patience.reached(e.problem().path("expected").asInt(0));
        patience.afterBreak(e);
      } catch (IOException e) {
        patience.afterLoss(e);
      }
      at = offset(location);
      patience.reached(at);
    }
  }

  private static boolean isResumed(RefusedByServer e) {
    boolean differs = e.status() == CONFLICT && e.code().equals("offset-differs");
    boolean later = e.status() == TIMEOUT || e.status() == TOO_MANY || e.status() >= SERVER;
    return differs || (later && !e.code().equals("model-failed"));
  }

  private int offset(String location) throws IOException, InterruptedException {
    Answer answer =
        exchange.send(exchange.head(location).header("Upload-Draft-Interop-Version", "8"));
    String offset = answer.field("Upload-Offset");
    if (offset == null || !offset.matches("\\d{1,10}")) {
      throw new IOException(location + " tells no Upload-Offset");
    }
    return Math.toIntExact(Long.parseLong(offset));
  }
}
