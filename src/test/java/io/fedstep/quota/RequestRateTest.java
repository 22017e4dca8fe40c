package io.fedstep.quota;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class RequestRateTest {
  private final AtomicLong nanos = new AtomicLong(-5_000_000_000L);
  private final RequestRate rate = new RequestRate(10, nanos::get);

  private int takenAtOnce(String sender) {
    int taken = 0;
    while (taken < 1000 && rate.count(sender) == null) {
      taken++;
    }
    return taken;
  }

  @Test
  void sender_hasTwiceTheRateAtOnce_thenTheRate() {
    assertThat(takenAtOnce("alice")).isEqualTo(20);
    nanos.addAndGet(100_000_000);
    assertThat(takenAtOnce("alice")).isEqualTo(1);
    nanos.addAndGet(60_000_000_000L);
    assertThat(takenAtOnce("alice")).isEqualTo(20);
  }

  @Test
  void senders_areCountedApart() {
    assertThat(takenAtOnce("alice")).isEqualTo(20);
    assertThat(takenAtOnce("bob")).isEqualTo(20);
  }

  @Test
  void refusal_saysWhenToTryAgain() {
    takenAtOnce("alice");
    Refusal refusal = Objects.requireNonNull(rate.count("alice"));
    assertThat(refusal.problem()).isEqualTo(Problem.TOO_MANY_REQUESTS);
    assertThat(refusal.retryAfter()).isEqualTo(1);
  }
}
