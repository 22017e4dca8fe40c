package io.fedstep.close;

import java.util.ArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;
import java.util.function.Supplier;

/** The threads of a close, each of which takes the next part of a pass that is free. */
record PassThreads(ExecutorService helpers, int count) {
  /** Does all parts; returns, or throws what a part threw, once no thread is at one any more. */
  void run(int parts, Supplier<? extends IntConsumer> workers) {
    var next = new AtomicInteger();
    Runnable work =
        () -> {
          IntConsumer worker = workers.get();
          for (int part = next.getAndIncrement(); part < parts; part = next.getAndIncrement()) {
            worker.accept(part);
          }
        };
    var others = new ArrayList<Future<?>>();
    for (int i = 1; i < count; i++) {
      others.add(helpers.submit(work));
    }
    RuntimeException failure = null;
    try {
      work.run();
    } catch (RuntimeException | Error e) { // a mapped page that cannot be read throws an Error
      next.set(parts); // the others stop after the part they are at
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
}
