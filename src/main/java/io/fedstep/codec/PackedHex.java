package io.fedstep.codec;

import tools.jackson.core.JsonParser;

/** Reads a JSON string of hex in constant memory, past the parser. */
final class PackedHex {
  /** Takes what a string held, a full buffer at a time and the rest at the end. */
  interface Chunks {
    void accept(byte[] bytes, int length);
  }

  private PackedHex() {}

  /**
   * Reads the string at which the parser stands. The parser is left with its end, or with what is
   * wrong with it.
   *
   * @return false where the string is not pairs of hex digits
   */
  static boolean read(JsonParser parser, int bufferSize, Chunks chunks) {
    ParserInput input = ParserInput.under(parser);
    byte[] buffer = new byte[bufferSize];
    int length = 0;
    boolean hex = true;
    while (hex && input.has(2) && !atQuote(input)) {
      int count = Math.min((input.end() - input.at()) / 2, buffer.length - length);
      hex = Hex.decode(input.bytes(), input.at(), count, buffer, length);
      if (!hex) {
        count = Hex.pairs(input.bytes(), input.at());
      }
      input.skip(2 * count);
      length += count;
      if (length == buffer.length) {
        chunks.accept(buffer, length);
        length = 0;
      }
    }
    if (!atQuote(input)) {
      return false;
    }
    if (length > 0) {
      chunks.accept(buffer, length);
    }
    return true;
  }

  private static boolean atQuote(ParserInput input) {
    return input.has(1) && input.bytes()[input.at()] == '"';
  }
}
