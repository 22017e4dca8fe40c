package io.fedstep.codec;

import static java.nio.charset.StandardCharsets.US_ASCII;

/**
 * Numbers in an array of JSON, read as the nearest doubles past the parser.
 *
 * <p>The parser does not see them. It is left to judge what is no plain number, and gets it with
 * the number before where that alone would look right: {@code 1 2}, {@code 1,]}.
 */
final class NumberRun {
  /** Beyond this length of a number, or of the space around it, the parser reads it. */
  private static final int LONGEST = 512;

  /** So many digits fit an unsigned long. */
  private static final int MOST_DIGITS = 19;

  private static final int MOST_POWER = 100_000;

  private final ParserInput input;
  private final byte[] bytes;
  private int at;
  private long digits;
  private int significant;
  private int exponent;
  private double value;

  /** A run at the begin of an array, or behind another run. */
  NumberRun(ParserInput input) {
    this.input = input;
    bytes = input.bytes();
  }

  /**
   * Reads numbers as long as plain ones come.
   *
   * @return how many, at most {@code most}
   */
  int read(double[] into, int most) {
    int count = 0;
    while (count < most && next()) {
      into[count++] = value;
      input.skip(at - input.at());
    }
    return count;
  }

  /** Reads a number with the space and the comma behind it, up to what follows. */
  private boolean next() {
    input.has(LONGEST); // or all that comes: a zero behind it ends every loop
    at = input.at();
    passSpace();
    int start = at;
    boolean negative = pass('-');
    if (!readInteger()) {
      return false;
    }
    boolean fraction = pass('.');
    if (fraction && !readFraction()) {
      return false;
    }
    boolean power = pass('e') || pass('E');
    if (power && !readPower()) {
      return false;
    }
    int end = at;
    if (!passComma() || at - start > LONGEST) {
      return false;
    }
    value = significant > MOST_DIGITS ? Double.NaN : Decimal.nearest(digits, exponent);
    if (Double.isNaN(value)) {
      value = Math.abs(Double.parseDouble(new String(bytes, start, end - start, US_ASCII)));
    }
    if (negative && (fraction || power || digits != 0)) { // the integer -0 is 0
      value = -value;
    }
    return true;
  }

  private boolean readInteger() {
    boolean zero = bytes[at] == '0';
    digits = 0;
    exponent = 0;
    int length = readDigits();
    significant = zero ? 0 : length;
    return length == 1 || (length > 1 && !zero);
  }

  private boolean readFraction() {
    int point = at;
    if (significant == 0) {
      while (bytes[at] == '0') {
        at++;
      }
    }
    significant += readDigits();
    exponent = point - at;
    return at > point;
  }

  private boolean readPower() {
    boolean down = pass('-');
    if (!down) {
      pass('+');
    }
    int from = at;
    int power = 0;
    for (; isDigit(bytes[at]); at++) {
      power = Math.min(10 * power + (bytes[at] - '0'), MOST_POWER);
    }
    exponent += down ? -power : power;
    return at > from;
  }

  private int readDigits() {
    int i = at;
    long sum = digits;
    for (; isDigit(bytes[i]); i++) {
      sum = 10 * sum + (bytes[i] - '0');
    }
    int length = i - at;
    at = i;
    digits = sum;
    return length;
  }

  /** Whether the array goes on as it may behind a number. */
  private boolean passComma() {
    passSpace();
    if (!pass(',')) {
      return bytes[at] == ']';
    }
    passSpace();
    return bytes[at] != ']' && bytes[at] != 0;
  }

  private boolean pass(char expected) {
    if (bytes[at] != expected) {
      return false;
    }
    at++;
    return true;
  }

  private void passSpace() {
    while (bytes[at] == ' ' || bytes[at] == '\n' || bytes[at] == '\r' || bytes[at] == '\t') {
      at++;
    }
  }

  private static boolean isDigit(byte b) {
    return b >= '0' && b <= '9';
  }
}
