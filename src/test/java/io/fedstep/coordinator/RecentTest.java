package io.fedstep.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class RecentTest {
  private static final Refusal REFUSAL = Refusal.of(Problem.NOT_FINITE, "A value is not finite.");

  private final Recent<RefusedUpdate> refusals = new Recent<>();

  private boolean add() {
    return refusals.add(
        count -> RefusedUpdate.of(count, 7, "mallory", REFUSAL, 422, Instant.EPOCH));
  }

  @Test
  void flood_wakesNobodyMoreThanOnce_andIsBounded() {
    assertThat(add()).isTrue();
    for (int i = 1; i < 1000; i++) {
      assertThat(add()).isFalse();
    }
    assertThat(refusals.told()).isZero();
    assertThat(refusals.newestFirst()).hasSize(Recent.KEPT);
    assertThat(refusals.newestFirst().getFirst().number()).isEqualTo(1000);
    refusals.tell();
    assertThat(refusals.told()).isEqualTo(1000);
    assertThat(add()).isTrue();
  }
}
