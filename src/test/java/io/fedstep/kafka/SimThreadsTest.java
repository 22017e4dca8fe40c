package io.fedstep.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.process.BesideOthers;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@BesideOthers
class SimThreadsTest {
  @Test
  @Timeout(60)
  void monitorOfAnotherThread_isWaitedFor() throws InterruptedException {
    var threads = new SimThreads(new Random(1));
    var monitor = new Object();
    var held = new CountDownLatch(1);
    Thread waits =
        threads.new SimProcess()
            .thread(
                "waits",
                () -> {
                  synchronized (monitor) {
                    monitor.notifyAll();
                  }
                });
    Thread holds =
        Thread.ofPlatform()
            .start(() -> {
              synchronized (monitor) {
                held.countDown();
                while (waits.getState() != Thread.State.BLOCKED) {
                  Thread.onSpinWait();
                }
              }
            });
    held.await();
    waits.start();
    assertThat(threads.step()).isTrue();
    assertThat(waits.getState()).isEqualTo(Thread.State.TERMINATED);
    assertThat(threads.step()).isFalse();
    holds.join();
  }
}
