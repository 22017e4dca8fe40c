package io.fedstep.codec;

import io.fedstep.round.VectorSummary;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;

/** A masked update on its way in: bytes of one length, counted into the checksum and written. */
public final class WordIntake {
  private static final int BUFFER = 64 * 1024;

  private WordIntake() {}

  /**
   * Reads a whole body.
   *
   * @param length its bytes; with fewer or more it is refused
   * @return its checksum; its norm is hidden, and 0 here
   */
  public static VectorSummary read(InputStream in, long length, VectorSink sink)
      throws IOException {
    byte[] buffer = new byte[(int) Math.min(BUFFER, length)];
    var crc = new JoinedCrc32c();
    long at = 0;
    while (at < length) {
      int read = in.readNBytes(buffer, 0, (int) Math.min(buffer.length, length - at));
      if (read == 0) {
        throw VectorIntake.wrongLength(length, at);
      }
      ByteBuffer bytes = ByteBuffer.wrap(buffer, 0, read);
      crc.add(at, read, Crc32c.of(bytes.duplicate()));
      sink.write(at, bytes);
      at += read;
    }
    long more = in.transferTo(OutputStream.nullOutputStream());
    if (more > 0) {
      throw VectorIntake.wrongLength(length, length + more);
    }
    Integer whole = crc.of(length);
    if (whole == null) {
      throw new IllegalStateException("bytes are missing");
    }
    return new VectorSummary(Crc32c.digest(whole), 0);
  }
}
