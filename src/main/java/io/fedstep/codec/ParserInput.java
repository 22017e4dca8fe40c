package io.fedstep.codec;

import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.Arrays;
import tools.jackson.core.JsonParser;

/**
 * The bytes under a JSON parser. Long, simple parts, as hex and runs of numbers, are read from here
 * at memory speed, and the parser continues after them as if they had not been there.
 *
 * <p>A parser reads ahead, but not beyond the first quote of a string and the bracket that opens an
 * array while these are its current token. There, {@link #under} takes back what it has.
 */
final class ParserInput extends InputStream {
  /** What {@link #has} can promise at most. */
  static final int SIZE = 64 * 1024;

  /** Bytes for the parser's next read: few, because most of them come back. */
  private static final int FIRST_PORTION = 64;

  private final InputStream in;
  private final byte[] bytes = new byte[SIZE + 1];
  private final OutputStream back = new Back();
  private int at;
  private int end;
  private int portion = FIRST_PORTION;
  private long uncounted;

  ParserInput(InputStream in) {
    this.in = in;
  }

  /** The input of a parser that stands at the begin of a string or of an array. */
  static ParserInput under(JsonParser parser) {
    if (parser.streamReadInputSource() instanceof ParserInput input) {
      parser.releaseBuffered(input.back);
      return input;
    }
    throw Refusal.of(Problem.MALFORMED, "JSON is read in UTF-8 here.").exception();
  }

  private final class Back extends OutputStream {
    @Override
    public void write(int value) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void write(byte[] given, int from, int length) {
      if (!Arrays.equals(given, from, from + length, bytes, Math.max(at - length, 0), at)) {
        throw new IllegalStateException("the parser gives back other bytes than the last it read");
      }
      skip(-length);
      portion = FIRST_PORTION;
    }
  }

  /** Whether {@code count} bytes come; if so they are there. */
  boolean has(int count) {
    if (end - at >= count) {
      return true;
    }
    System.arraycopy(bytes, at, bytes, 0, end - at);
    end -= at;
    at = 0;
    try {
      for (int read = 0; end < count && read >= 0; end += Math.max(read, 0)) {
        read = in.read(bytes, end, SIZE - end);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    bytes[end] = 0;
    return end >= count;
  }

  /** The array of which the bytes from {@link #at()} to {@link #end()} count; a zero follows. */
  byte[] bytes() {
    return bytes;
  }

  /** The index of the next byte. */
  int at() {
    return at;
  }

  /** The index behind the last byte that is there. */
  int end() {
    return end;
  }

  /** Passes over bytes that are there. */
  void skip(int count) {
    at += count;
    uncounted += count;
  }

  /** How many more bytes there are before a place than the parser has counted. */
  long uncounted() {
    return uncounted;
  }

  @Override
  public int read() {
    throw new UnsupportedOperationException("the parser reads many at once");
  }

  @Override
  public int read(byte[] into, int from, int length) {
    if (!has(1)) {
      return -1;
    }
    int count = Math.min(end - at, Math.min(length, portion));
    System.arraycopy(bytes, at, into, from, count);
    at += count;
    portion = Math.min(2 * portion, SIZE);
    return count;
  }
}
