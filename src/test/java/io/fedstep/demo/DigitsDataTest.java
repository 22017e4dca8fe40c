package io.fedstep.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class DigitsDataTest {
  private final List<Digit> all = DigitsData.read();
  private final DigitsData data = DigitsData.split(all);

  @Test
  void file_holds1797ImagesOf64Pixels() {
    assertThat(all).hasSize(1797).allMatch(digit -> digit.pixels().length == 64);
    for (Digit digit : all) {
      for (float pixel : digit.pixels()) {
        assertThat(pixel).isBetween(-5 / 8f, 11 / 8f);
      }
    }
    assertThat(all.getFirst().value()).isZero();
    assertThat(all.getFirst().pixels()[3]).isEqualTo((13 - 5) / 8f);
  }

  @Test
  void split_givesEachImageToExactlyOne() {
    List<Digit> given = new ArrayList<>(data.test());
    data.clients().forEach(given::addAll);
    // an image equals only itself: its pixels are compared by identity
    assertThat(given).doesNotHaveDuplicates().containsExactlyInAnyOrderElementsOf(all);
  }

  @Test
  void test_isAFifthOfEachDigit() {
    for (int value = 0; value < 10; value++) {
      assertThat(count(data.test(), value)).isEqualTo(count(all, value) / 5);
    }
  }

  @Test
  void client_holdsMostlyTwoDigits_andSomeOfTheOthers() {
    assertThat(data.clients()).hasSize(10);
    for (int k = 0; k < 10; k++) {
      List<Digit> held = data.clients().get(k);
      long two = count(held, k) + count(held, (k + 1) % 10);
      assertThat((double) two / held.size()).as("client %s", k).isBetween(0.85, 0.95);
      for (int value = 0; value < 10; value++) {
        assertThat(count(held, value)).as("client %s, digit %s", k, value).isPositive();
      }
    }
  }

  private static long count(List<Digit> digits, int value) {
    return digits.stream().filter(digit -> digit.value() == value).count();
  }
}
