package io.fedstep.close;

import java.util.ArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;
import java.util.function.Supplier;

/** The threads of one pass over parts of the coordinates: each takes the next part that is free. */
final class PassThreads {
  private final int count;
  private final Supplier<? extends IntConsumer> workers;
  private final AtomicInteger next = new AtomicInteger();

  private PassThreads(int count, Supplier<? extends IntConsumer> workers) {
    this.count = count;
    this.workers = workers;
  }

  /** Does all parts; returns, or throws what a part threw, once no thread is at one any more. */
  static void run(
      ExecutorService helpers, int threads, int count, Supplier<? extends IntConsumer> workers) {
    new PassThreads(count, workers).run(helpers, threads);
  }

  private void run(ExecutorService helpers, int threads) {
    var others = new ArrayList<Future<?>>();
    for (int i = 1; i < threads; i++) {
      others.add(helpers.submit(this::work));
    }
    RuntimeException failure = null;
    try {
      work();
    } catch (RuntimeException | Error e) { // a mapped page that cannot be read throws an Error
      next.set(count); // the others stop after the part they are at
      failure = e instanceof RuntimeException cause ? cause : new IllegalStateException(e);
    }
    for (Future<?> other : others) {
      try {
        other.get(); // also after a failure: nobody may read what the next round writes over
      } catch (ExecutionException | InterruptedException e) {
        failure =
            e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e);
      }
    }
    if (failure != null) {
      throw failure;
    }
  }

  private void work() {
    IntConsumer worker = workers.get();
    for (int part = next.getAndIncrement(); part < count; part = next.getAndIncrement()) {
      worker.accept(part);
    }
  }
}
