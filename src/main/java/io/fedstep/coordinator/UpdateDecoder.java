package io.fedstep.coordinator;

import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.round.VectorSummary;
import io.fedstep.store.PausedHead;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * A decoder, the update whose row it fills, and the hash of what it has read.
 *
 * @param digest SHA-256 of the bytes, or null where it is not to be compared
 */
record UpdateDecoder(PiecewiseDecoder reads, Upload upload, @Nullable MessageDigest digest) {
  /** A decoder that has read nothing. */
  static UpdateDecoder begin(PausedHead head, BodyReader reader, Upload upload) {
    return new UpdateDecoder(
        new PiecewiseDecoder(body -> reader.read(head, body, upload)),
        upload,
        head.digest() == null ? null : sha256());
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  /** Reads bytes that are in the file. */
  void again(ByteBuffer piece) {
    if (digest != null) {
      digest.update(piece.duplicate());
    }
    byte[] bytes = new byte[piece.remaining()];
    piece.get(bytes);
    try {
      reads.give(new ByteArrayInputStream(bytes));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    reads.check();
  }

  /** Has the update decided, all of whose bytes are read; returns once that is durable. */
  Upload.Answer submit(PausedHead head, BodyReader reader) {
    VectorSummary content = reads.finish();
    String expected = head.digest();
    if (expected != null && digest != null) {
      checkDigest(expected, HexFormat.of().formatHex(digest.digest()));
    }
    return upload.submit(reader.metadata(head), content);
  }

  private static void checkDigest(String expected, String actual) {
    if (!expected.equals(actual)) {
      throw Refusal.of(
              Problem.DIGEST_DIFFERS,
              "The SHA-256 of the bytes that came is %s, not %s of Repr-Digest."
                  .formatted(actual, expected))
          .with("expected", expected)
          .with("actual", actual)
          .exception();
    }
  }

  /** Gives the row up, unless it is an update's by now. */
  void drop() {
    reads.drop();
    upload.close();
  }
}
