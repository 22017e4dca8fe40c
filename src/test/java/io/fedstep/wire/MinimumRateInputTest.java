package io.fedstep.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.problem.RefusedException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.coyote.InputBuffer;
import org.apache.tomcat.util.net.ApplicationBufferHandler;
import org.junit.jupiter.api.Test;

/** Bodies that come slowly, at 1,000 bytes a second at least, by a clock that stands still. */
class MinimumRateInputTest {
  private static final Duration FIRST = Duration.ofSeconds(20);

  private final AtomicLong clock = new AtomicLong(1);
  private int piece;

  private final MinimumRateInput input =
      new MinimumRateInput(
          new InputBuffer() {
            @Override
            public int doRead(ApplicationBufferHandler handler) {
              clock.addAndGet(Duration.ofSeconds(1).toNanos());
              return piece;
            }

            @Override
            public int available() {
              return piece;
            }
          },
          Long.MAX_VALUE,
          1000,
          FIRST,
          clock::get);

  /** Takes a body that brings so many bytes each second, for some seconds. */
  private void take(int bytes, int seconds) throws IOException {
    piece = bytes;
    for (int i = 0; i < seconds; i++) {
      input.doRead(NOWHERE);
    }
  }

  private static final ApplicationBufferHandler NOWHERE =
      new ApplicationBufferHandler() {
        @Override
        public void setByteBuffer(ByteBuffer buffer) {}

        @Override
        public ByteBuffer getByteBuffer() {
          return ByteBuffer.allocate(0);
        }

        @Override
        public void expand(int size) {}
      };

  @Test
  void beginning_mayRest_asLongAsAHeadMay() throws IOException {
    take(60, 17);
    take(10_000, 4);
    take(1100, 20);
  }

  @Test
  void slowBeginning_isGivenUp_andMayBeSentAgain() throws IOException {
    take(60, 20);
    Refusal refusal = refusal(60, 1);
    assertThat(refusal.problem()).isEqualTo(Problem.TOO_SLOW);
    assertThat(refusal.detail()).contains("1260 bytes in 20 s", "20000");
    assertThat(refusal.retryAfter()).isEqualTo(1);
  }

  @Test
  void afterThat_fiveSecondsAreLong() throws IOException {
    take(10_000, 21);
    assertThat(refusal(60, 6).detail()).contains("in 5 s");
  }

  private Refusal refusal(int bytes, int seconds) {
    return catchThrowableOfType(RefusedException.class, () -> take(bytes, seconds)).refusal();
  }
}
