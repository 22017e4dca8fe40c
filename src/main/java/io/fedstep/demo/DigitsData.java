package io.fedstep.demo;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;

/**
 * UCI's optical recognition of hand-written digits, test part (E. Alpaydin, C. Kaynak, 1998; CC BY
 * 4.0), as ten clients hold it.
 *
 * @param clients what client k trains on: mostly the digits k and k + 1 (mod 10)
 * @param test a fifth of each digit, which no client holds
 */
record DigitsData(List<List<Digit>> clients, List<Digit> test) {
  static final int CLIENTS = 10;

  private static final String FILE = "/demo/digits.csv.gz";

  /** Reads all 1,797 images, in the order of the file. */
  static List<Digit> read() {
    try (var file = Objects.requireNonNull(DigitsData.class.getResourceAsStream(FILE), FILE);
        var text = new InputStreamReader(new GZIPInputStream(file), StandardCharsets.US_ASCII);
        var lines = new BufferedReader(text)) {
      return lines.lines().map(Digit::parse).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Splits the images, always in the same way. */
  static DigitsData split(List<Digit> all) {
    List<List<Digit>> clients =
        Stream.<List<Digit>>generate(ArrayList::new).limit(CLIENTS).toList();
    List<Digit> test = new ArrayList<>();
    // counted by digit: they follow each other in the file in a pattern that strides would pick up
    int[] seen = new int[Digit.VALUES];
    for (Digit digit : all) {
      int n = seen[digit.value()]++;
      if (n % 5 == 4) {
        test.add(digit);
      } else {
        int tested = n / 5;
        clients.get(holder(digit.value(), n - tested)).add(digit);
      }
    }
    return new DigitsData(clients, test);
  }

  /** Who holds the n-th training image of a digit: every tenth goes around. */
  private static int holder(int digit, int n) {
    if (n % 10 == 9) {
      return (digit + 1 + n / 10) % CLIENTS;
    }
    return (n % 2 == 0 ? digit : digit + CLIENTS - 1) % CLIENTS;
  }
}
