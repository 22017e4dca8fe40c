package io.fedstep.wire;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.zip.CRC32;
import java.util.zip.Inflater;
import java.util.zip.InflaterInputStream;
import java.util.zip.ZipException;

/**
 * One gzip member (RFC 1952) and nothing behind it. The JDK's own stream passes over what follows a
 * member, so that a body with more in it would be taken for whole.
 */
final class GzipInput extends InflaterInputStream {
  private static final int PIECE = 64 * 1024;
  private static final int MAGIC = 0x8b1f;
  private static final int HAS_HEADER_CRC = 2;
  private static final int HAS_EXTRA = 4;
  private static final int HAS_NAME = 8;
  private static final int HAS_COMMENT = 16;
  private static final int RESERVED = 0xe0;

  /** The longest name or comment that is passed over. */
  private static final int MOST_TEXT = 1 << 16;

  private final CRC32 crc = new CRC32();
  private boolean begun;
  private boolean ended;

  GzipInput(InputStream in) {
    super(in, new Inflater(true), PIECE);
  }

  @Override
  public int read(byte[] bytes, int from, int length) throws IOException {
    if (!begun) {
      begun = true;
      head();
    }
    if (ended) {
      return -1;
    }
    int read = super.read(bytes, from, length);
    if (read >= 0) {
      crc.update(bytes, from, read);
    } else {
      ended = true;
      tail();
    }
    return read;
  }

  private void head() throws IOException {
    if (uint16() != MAGIC || octet() != 8) {
      throw new ZipException("not gzip");
    }
    int flags = octet();
    if ((flags & RESERVED) != 0) {
      throw new ZipException("unknown gzip flags");
    }
    in.skipNBytes(6);
    if ((flags & HAS_EXTRA) != 0) {
      in.skipNBytes(uint16());
    }
    if ((flags & HAS_NAME) != 0) {
      skipText();
    }
    if ((flags & HAS_COMMENT) != 0) {
      skipText();
    }
    if ((flags & HAS_HEADER_CRC) != 0) {
      in.skipNBytes(2);
    }
  }

  private void skipText() throws IOException {
    for (int i = 0; octet() != 0; i++) {
      if (i == MOST_TEXT) {
        throw new ZipException("a text in the gzip header does not end");
      }
    }
  }

  private int octet() throws IOException {
    int value = in.read();
    if (value < 0) {
      throw new EOFException("gzip ends early");
    }
    return value;
  }

  private int uint16() throws IOException {
    return octet() | (octet() << 8);
  }

  /** The checksum and the length behind the data, of which some may have been read already. */
  private void tail() throws IOException {
    byte[] tail = new byte[8];
    int left = inf.getRemaining();
    int have = Math.min(left, tail.length);
    System.arraycopy(buf, len - left, tail, 0, have);
    if (in.readNBytes(tail, have, tail.length - have) < tail.length - have) {
      throw new EOFException("gzip ends early");
    }
    if (uint32(tail, 0) != crc.getValue()
        || uint32(tail, 4) != (inf.getBytesWritten() & 0xffffffffL)) {
      throw new ZipException("the gzip checksum or length does not match");
    }
    if (left > have || in.read() >= 0) {
      throw new ZipException("something follows the gzip member");
    }
  }

  private static long uint32(byte[] bytes, int at) {
    long value = 0;
    for (int i = 3; i >= 0; i--) {
      value = (value << 8) | (bytes[at + i] & 0xff);
    }
    return value;
  }

  /** Gives the inflater's memory back, which the superclass does only for one of its own. */
  @Override
  public void close() throws IOException {
    inf.end();
    super.close();
  }
}
