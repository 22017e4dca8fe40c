package io.fedstep.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Metrics of a client's own making. */
class MetricsTest {
  private final Metrics metrics = new Metrics();

  @Test
  void finiteNumbers_byPrintableNames_areTaken() {
    Map<String, Double> given = Map.of("val/dice", 0.5, "top 5", 1.0, "acc@5", 2.0, "Größe", 1.5);
    assertThat(metrics.accepted(given)).isEqualTo(given);
  }

  @Test
  void theRest_isLeftOut() {
    var given = new LinkedHashMap<String, Double>();
    given.put("auc", Double.NaN);
    given.put("loss", Double.NEGATIVE_INFINITY);
    given.put("none", null);
    given.put("", 1.0);
    given.put(" x", 1.0);
    given.put("a\nb", 1.0);
    given.put("a\u2028b", 1.0);
    given.put("x".repeat(129), 1.0);
    given.put("good", 1.0);
    assertThat(metrics.accepted(given)).isEqualTo(Map.of("good", 1.0));
  }

  @Test
  void thereAreAtMost128_andTheirNamesAreBounded() {
    var many = new LinkedHashMap<String, Double>();
    for (int i = 0; i < 200; i++) {
      many.put("m" + Integer.toString(i), 1.0);
    }
    assertThat(metrics.accepted(many)).hasSize(128);
    var wide = new LinkedHashMap<String, Double>();
    for (char i = 'a'; i <= 'z'; i++) {
      wide.put("ü".repeat(120) + i, 1.0);
    }
    assertThat(metrics.accepted(wide)).hasSize(16);
  }
}
