package io.fedstep.codec;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Durations on the wire. */
class DurationsTest {
  @ParameterizedTest
  @CsvSource({
    "0s, 0",
    "1ms, 1",
    "1.5s, 1500",
    "0.0001s, 0",
    "0.0000001ms, 0",
    "1.2ms, 2",
    "1h, 3600000",
    "1.5d, 129600000",
    "2m, 120000",
    "0.5m, 30000",
    "30s, 30000",
    "00030s, 30000",
    "999999999999999999m, 1000000000000000"
  })
  void text_isRead_inMilliseconds(String text, long millis) {
    assertThat(Durations.parse(text)).isEqualTo(Duration.ofMillis(millis));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "", "s", "30", "-1s", "+1s", "1w", "1S", " 1s", "1s ", "1 s", ".5s", "1.s", "1e3s", "1,5s",
        "NaNs", "٣s", "1s\n"
      })
  void otherText_isNone(String text) {
    assertThat(Durations.parse(text)).isNull();
  }

  @Test
  void duration_isWrittenShort_andReadsBack() {
    assertThat(Durations.write(Duration.ofSeconds(90))).isEqualTo("90s");
    assertThat(Durations.write(Duration.ofMillis(1500))).isEqualTo("1500ms");
    for (long millis : new long[] {1, 999, 1000, 1001, 31_536_000_000L}) {
      Duration duration = Duration.ofMillis(millis);
      assertThat(Durations.parse(Durations.write(duration))).isEqualTo(duration);
    }
  }
}
