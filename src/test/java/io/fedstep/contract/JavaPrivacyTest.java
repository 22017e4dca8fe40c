package io.fedstep.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.fedstep.client.Fedstep;
import io.fedstep.client.Participation;
import io.fedstep.client.PrivacyPlan;
import io.fedstep.client.RefusedByServer;
import io.fedstep.client.RemoteModel;
import io.fedstep.client.Update;
import io.fedstep.client.Weights;
import java.net.URI;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tools.jackson.databind.JsonNode;

/** Private models as the Java client sees them. */
class JavaPrivacyTest {
  private static final Update ONE = Update.of(new float[] {1, 1});

  /** With a budget of two rounds. */
  private static final String SPEC =
      """
      {"tensors": {"w": [2]}, "optimizer": {"lrate": 1.0, "modules": []},
       "aggregator": ["averaging", {"steps_weighted": false}],
       "privacy": {"clip_norm": 1.0, "noise_multiplier": 1.2, "epsilon": 6, "delta": 1e-5}}\
      """;

  private final Fedstep fedstep =
      Fedstep.at(URI.create("http://127.0.0.1:" + Server.shared().http().port()));
  private final Model name = Model.unborn();
  private final RemoteModel model = fedstep.model(name.name());

  @AfterEach
  void close() {
    fedstep.close();
  }

  @Test
  void client_trainsUntilItsBudgetIsSpent() throws Exception {
    model.create(SPEC);
    model.submit("bob", model.newest(), ONE); // who could be in another round
    name.awaitVersion(1);
    Weights weights = model.train("alice", _ -> ONE);
    assertThat(weights.version()).isEqualTo(3);
    assertThat(weights.stopped()).isFalse();
    JsonNode spent = model.privacy();
    assertThat(spent.path("rounds").asLong()).isEqualTo(2);
    assertThat(spent.path("rounds_left").asLong()).isZero();
    assertThat(model.privacy("alice")).isEqualTo(spent);
    assertThat(model.privacy("bob").path("epsilon").asDouble()).isCloseTo(3.5487, within(1e-4));
  }

  @Test
  @Timeout(60)
  void clientThatStays_returnsOnceItsBudgetIsSpent() throws Exception {
    model.create(SPEC);
    Weights weights = model.train(Participation.of("alice").staying(), _ -> ONE);
    assertThat(weights.version()).isEqualTo(2);
    assertThat(weights.stopped()).isTrue();
  }

  @Test
  @Timeout(60)
  void clientThatStays_returnsWhereAllWhoTookPartSpentTheirBudgets() throws Exception {
    model.create(SPEC);
    model.train("alice", _ -> ONE);
    Weights weights = model.train(Participation.of("new").staying(), _ -> ONE);
    assertThat(weights.version()).isEqualTo(2);
    assertThat(weights.stopped()).isTrue();
    assertThat(model.privacy("new").path("rounds_left").asInt()).isEqualTo(2);
  }

  @Test
  void modelWithoutPrivacy_hasNoAccount() throws Exception {
    model.create("{\"tensors\": {\"w\": [2]}}");
    assertThatThrownBy(model::privacy)
        .isInstanceOfSatisfying(
            RefusedByServer.class, e -> assertThat(e.code()).isEqualTo("not-found"));
  }

  @Test
  void plan_isPriced() throws Exception {
    JsonNode sampled = fedstep.privacy(PrivacyPlan.withNoise(4, 10_000, 1e-5).inviting(0.01));
    assertThat(sampled.path("epsilon").asDouble()).isCloseTo(1.0355, within(1e-4));
    JsonNode least = fedstep.privacy(PrivacyPlan.withBudget(4.9, 22, 1.2e-7));
    assertThat(least.path("noise_multiplier").asDouble()).isEqualTo(5.05);
  }
}
