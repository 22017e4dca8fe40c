package io.fedstep.privacy;

import static io.fedstep.privacy.Goldens.assertClose;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fedstep.process.BesideOthers;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/** Who pays for what. */
@BesideOthers
class LedgerTest {
  static Stream<JsonNode> runs() {
    return Goldens.cases("ledgers", "cases");
  }

  private static List<String> closed(JsonNode clients) {
    return clients.isArray()
        ? clients.valueStream().map(JsonNode::stringValue).toList()
        : IntStream.range(0, clients.required("count").intValue())
            .mapToObj(i -> clients.required("prefix").stringValue() + i)
            .toList();
  }

  @ParameterizedTest
  @MethodSource
  void runs(JsonNode run) {
    double share = run.required("participation").doubleValue();
    var accountant =
        new Accountant(
            run.required("noise_multiplier").doubleValue(),
            share,
            run.required("delta").doubleValue());
    JsonNode budget = run.required("epsilon");
    long capacity = budget.isNull() ? Long.MAX_VALUE : accountant.rounds(budget.doubleValue());
    Ledger ledger = Ledger.begin(share < 1);
    for (JsonNode step : run.required("steps")) {
      if (step.has("closed")) {
        ledger = ledger.after(closed(step.required("closed")));
      }
      assertThat(ledger.rounds()).isEqualTo(step.required("rounds").longValue());
      assertThat(ledger.isSpent(capacity)).isEqualTo(step.required("stopped").booleanValue());
      assertPaid(accountant, capacity, ledger.most(), step.required("privacy"));
      for (Map.Entry<String, JsonNode> client : step.required("clients").properties()) {
        long paid = ledger.paidBy(client.getKey());
        assertPaid(accountant, capacity, paid, client.getValue());
        boolean refused =
            step.required("refused")
                .valueStream()
                .anyMatch(it -> it.stringValue().equals(client.getKey()));
        assertThat(paid >= capacity).as("%s in %s", client, step).isEqualTo(refused);
      }
    }
  }

  private static void assertPaid(Accountant accountant, long capacity, long paid, JsonNode shown) {
    assertThat(paid).isEqualTo(shown.required("rounds").longValue());
    Cost cost = accountant.cost(paid);
    assertClose(cost.epsilon(), shown.required("epsilon"), shown);
    assertThat(cost.by()).isEqualTo(shown.required("by").stringValue());
    if (cost.order() != null) {
      assertThat(cost.order()).isEqualTo(shown.required("order").doubleValue());
    }
    JsonNode left = shown.required("rounds_left");
    if (!left.isNull()) {
      assertThat(capacity - paid).isEqualTo(left.longValue());
    }
  }

  @Test
  void aLedgerThatCannotBe_isRefused() {
    var paid = new TreeMap<>(Map.of("a", 3L));
    assertThatThrownBy(() -> new Ledger(2, paid, null))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new Ledger(3, paid, 3L)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new Ledger(3, new TreeMap<>(Map.of("a", 0L)), null))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new Ledger(3, new TreeMap<>(), 4L))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
