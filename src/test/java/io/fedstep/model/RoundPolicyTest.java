package io.fedstep.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** When rounds end. */
class RoundPolicyTest {
  private static final Instant OPENED = Instant.parse("2026-01-01T12:00:00Z");

  @ParameterizedTest
  @CsvSource({
    "30000,       0,      30000",
    "30000,       1,      30000",
    "30000,   29999,      30000",
    "30000,   30000,      60000", // at a deadline the next one is the first after it
    "30000,   30001,      60000",
    "30000, 3600000,    3630000",
    "30000,   -5000,      25000", // a wall clock that was set back puts no deadline off
    "1,           7,          8",
    "31536000000, 1, 31536000000"
  })
  void deadline_isTheNextWholeNumberOfTimeouts(long timeout, long now, long deadline) {
    var policy = new RoundPolicy(1, 2, Duration.ofMillis(timeout), null);
    assertThat(policy.deadline(OPENED, OPENED.plusMillis(now)))
        .isEqualTo(OPENED.plusMillis(deadline));
  }

  @Test
  void withoutTimeout_thereIsNoDeadline() {
    assertThat(RoundPolicy.DEFAULT.deadline(OPENED, OPENED)).isNull();
  }

  @ParameterizedTest
  @CsvSource(
      nullValues = "-",
      value = {
        "0, 1, -, -",
        "2, 1, -, -",
        "1, 1000001, -, -",
        "1000001, 1000001, -, -",
        "1, 1, 0, -",
        "1, 1, -1, -",
        "1, 1, 31536000001, -",
        "1, 1, -, 0"
      })
  void policyOutOfRange_isRefused(int least, int most, Long timeout, Long rounds) {
    assertThatThrownBy(() ->
            new RoundPolicy(
                least, most, timeout == null ? null : Duration.ofMillis(timeout), rounds))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
