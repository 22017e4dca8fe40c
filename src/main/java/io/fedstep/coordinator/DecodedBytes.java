package io.fedstep.coordinator;

import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.round.VectorSummary;
import io.fedstep.store.PausedFile;
import io.fedstep.store.PausedHead;
import io.fedstep.store.StorageException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of an upload that have come: in a file, and read by the decoder that fills the update's
 * row. Where there is no decoder, as after a restart, it is made anew from the file. For one thread
 * at a time, but for {@link PiecewiseDecoder#give}.
 */
final class DecodedBytes {
  private final PausedFile file;
  private final Function<BodyReader, Upload> beginning;
  private @Nullable Decoder decoder;

  /** What writes to the file, as long as bytes come. */
  private @Nullable WriteBehind behind;

  /**
   * A decoder and the update that it reads.
   *
   * @param digest SHA-256 of the bytes, or null where it is not to be compared
   */
  private record Decoder(PiecewiseDecoder reads, Upload upload, @Nullable MessageDigest digest) {
    void drop() {
      reads.drop();
      upload.close();
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
  }

  /**
   * The bytes in a file.
   *
   * @param beginning has the update begin, or throws the refusal
   */
  DecodedBytes(PausedFile file, Function<BodyReader, Upload> beginning) {
    this.file = file;
    this.beginning = beginning;
  }

  PausedHead head() {
    return file.head();
  }

  /** Whether a decoder waits for more. */
  boolean hasDecoder() {
    return decoder != null;
  }

  /** Bytes that have come. */
  long length() {
    return behind != null ? behind.length() : file.length();
  }

  /** Makes durable what has come, and counts it. */
  long force() {
    if (head().complete()) {
      return head().length();
    }
    flush();
    long length = file.length();
    file.force();
    return length;
  }

  /** Returns once what has come is in the file; durable it is not. */
  private void flush() {
    WriteBehind open = behind;
    if (open != null) {
      try {
        open.flush();
      } catch (StorageException e) {
        behind = null; // whose rest is lost
        throw e;
      }
    }
  }

  /** Has a decoder wait for bytes to come; the file is open. */
  PiecewiseDecoder begin(BodyReader reader) {
    Decoder waits = decoder(reader);
    behind = new WriteBehind(file, waits.digest());
    return waits.reads();
  }

  /** Keeps bytes that the decoder reads as soon as this returns. */
  void keep(byte[] bytes, int from, int count) {
    if (behind == null) {
      throw new IllegalStateException("no bytes are to come");
    }
    behind.add(bytes, from, count);
  }

  /** No more bytes come for now. */
  void close() {
    if (behind != null) {
      behind.end();
      behind = null;
    }
    file.close();
  }

  private Decoder decoder(BodyReader reader) {
    Decoder known = decoder;
    if (known != null) {
      return known;
    }
    Upload upload = beginning.apply(reader);
    var made =
        new Decoder(
            new PiecewiseDecoder(body -> reader.read(head(), body, upload)),
            upload,
            head().digest() == null ? null : sha256());
    try {
      file.read(made::again);
    } catch (RuntimeException e) {
      made.drop();
      throw e;
    }
    decoder = made;
    return made;
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  /** Has the update decided, all of whose bytes are there; returns once that is durable. */
  Upload.Answer submit(BodyReader reader) {
    flush();
    Decoder whole = decoder(reader);
    VectorSummary content = whole.reads().finish();
    String expected = head().digest();
    if (expected != null && whole.digest() != null) {
      checkDigest(expected, HexFormat.of().formatHex(whole.digest().digest()));
    }
    Upload.Answer answer = whole.upload().submit(reader.metadata(head()), content);
    dropDecoder();
    return answer;
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

  /** Gives the decoder and its row up. */
  void dropDecoder() {
    Decoder old = decoder;
    if (old != null) {
      decoder = null;
      old.drop();
    }
  }
}
