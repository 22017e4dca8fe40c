package io.fedstep.coordinator;

import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.round.VectorSummary;
import io.fedstep.store.PausedFile;
import io.fedstep.store.PausedHead;
import io.fedstep.store.StorageException;
import java.nio.ByteBuffer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of an upload that have come: in a file, and read by the decoder that fills the update's
 * row. Where there is no decoder, as after a restart, it is made anew from the file. For one thread
 * at a time.
 */
final class DecodedBytes {
  private final PausedFile file;
  private final Function<BodyReader, Upload> beginning;
  private @Nullable Decoder decoder;

  /** A decoder and the update that it reads. */
  private record Decoder(PiecewiseDecoder reads, Upload upload) {
    void drop() {
      reads.drop();
      upload.close();
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

  PausedFile file() {
    return file;
  }

  /** Whether a decoder waits for more. */
  boolean hasDecoder() {
    return decoder != null;
  }

  /** Makes durable what has come, and counts it. */
  long force() {
    if (head().complete()) {
      return head().length();
    }
    long length = file.length();
    file.force();
    return length;
  }

  /** Keeps a piece and has it decoded; throws the refusal of what cannot be right any more. */
  void add(ByteBuffer piece, BodyReader reader) {
    try {
      PiecewiseDecoder decodes = decoder(reader).reads();
      file.append(piece.duplicate());
      decodes.give(piece);
    } catch (StorageException e) {
      dropDecoder(); // which may have other bytes than the file
      throw e;
    }
  }

  private Decoder decoder(BodyReader reader) {
    Decoder known = decoder;
    if (known != null) {
      return known;
    }
    Upload upload = beginning.apply(reader);
    var made =
        new Decoder(
            new PiecewiseDecoder(
                body -> reader.read(head(), body, upload), head().digest() != null),
            upload);
    try {
      file.read(made.reads()::give);
    } catch (RuntimeException e) {
      made.drop();
      throw e;
    }
    decoder = made;
    return made;
  }

  /** Has the update decided, all of whose bytes are there; returns once that is durable. */
  Upload.Answer submit(BodyReader reader) {
    Decoder whole = decoder(reader);
    VectorSummary content = whole.reads().finish();
    String expected = head().digest();
    if (expected != null) {
      checkDigest(expected, whole.reads().digest());
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
