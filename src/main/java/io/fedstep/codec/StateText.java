package io.fedstep.codec;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * What is at places of a state document beside its vectors. Whatever the server would write
 * otherwise is read as anything, since the document is compared with that afterwards.
 */
final class StateText {
  /** Digits of the largest number of steps. */
  private static final int MOST_DIGITS = 19;

  private static final int PIECE = 8192;

  /** The bytes of a file. */
  interface Source {
    /** Fills the buffer with the bytes from {@code offset} on. */
    void at(long offset, ByteBuffer into);
  }

  private final Source file;
  private final long size;

  /** A document in a file of {@code size} bytes. */
  StateText(Source file, long size) {
    this.file = file;
    this.size = size;
  }

  private String text(long offset, int most) {
    var bytes = ByteBuffer.allocate((int) Math.clamp(size - offset, 0, most));
    file.at(offset, bytes);
    return new String(bytes.array(), US_ASCII);
  }

  /** The character at a place; a space behind the end. */
  char at(long offset) {
    String found = text(offset, 1);
    return found.isEmpty() ? ' ' : found.charAt(0);
  }

  /** The whole number that begins at a place. */
  long number(long offset) {
    String digits = text(offset, MOST_DIGITS + 1);
    long number = 0;
    for (int i = 0; i < digits.length(); i++) {
      int digit = digits.charAt(i) - '0';
      if (digit < 0 || digit > 9) {
        return number;
      }
      number = 10 * number + digit;
    }
    return 0; // as no server writes it
  }

  /** The list of plain strings that begins at a place. */
  List<String> strings(long offset) {
    var list = new StringBuilder();
    int end = -1;
    for (long at = offset; at < size && end < 0; at += PIECE) {
      int from = list.length();
      end = list.append(text(at, PIECE)).indexOf("]", from);
    }
    var strings = new ArrayList<String>();
    int next = 1;
    while (next < end) {
      int quote = list.indexOf("\"", next + 1);
      if (quote < 0) {
        return List.of();
      }
      strings.add(list.substring(next + 1, quote));
      next = quote + "\", ".length();
    }
    return strings;
  }
}
