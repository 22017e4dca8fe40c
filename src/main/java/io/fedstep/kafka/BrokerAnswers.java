package io.fedstep.kafka;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.errors.TimeoutException;

/** Waits for what the brokers answer. */
final class BrokerAnswers {
  private static final long PAUSE_MILLIS = 100;

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
      CompletableFuture.runAsync(
              () -> {}, CompletableFuture.delayedExecutor(PAUSE_MILLIS, TimeUnit.MILLISECONDS))
          .get();
    } catch (InterruptedException e) {
      throw new ClusterException("waiting for the brokers was interrupted", e);
    } catch (ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }
}
