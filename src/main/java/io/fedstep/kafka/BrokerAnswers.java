package io.fedstep.kafka;

import java.time.Duration;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.errors.TimeoutException;

/** Waits for what the brokers answer. */
final class BrokerAnswers {
  private static final Duration PAUSE = Duration.ofMillis(100);

  private BrokerAnswers() {}

  /** An answer, or the failure as one that says what is wrong with the brokers. */
  static <T> T wait(KafkaFuture<T> answer) {
    try {
      return answer.get();
    } catch (ExecutionException e) {
      throw e.getCause() instanceof TimeoutException
          ? new ClusterException("no broker answers: " + e.getCause().getMessage(), e.getCause())
          : new ClusterException("the brokers answered: " + e.getCause(), e.getCause());
    } catch (InterruptedException e) {
      throw new ClusterException("waiting for the brokers was interrupted", e);
    }
  }

  /**
   * Waits before the brokers are asked again, without a limit of its own: then the end of the
   * process interrupts it.
   */
  static void pause() {
    try {
      Thread.sleep(PAUSE);
    } catch (InterruptedException e) {
      throw new ClusterException("waiting for the brokers was interrupted", e);
    }
  }
}
