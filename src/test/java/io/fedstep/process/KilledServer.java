package io.fedstep.process;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;

/** A server that is killed and started again on its folder, and clients that do not give up. */
final class KilledServer implements AutoCloseable {
  private static final long RESTART_NANOS = Duration.ofSeconds(100).toNanos();

  private static final String HEAP = "-Xmx64m";

  private final Path data;
  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .executor(Executors.newVirtualThreadPerTaskExecutor())
          .build();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition restarted = lock.newCondition();
  private ChildServer current;
  private int kills;

  KilledServer(Path data) {
    this.data = data;
    current = ChildServer.start(data, HEAP);
  }

  /** Kills the process at once; who is connected gets no answer. */
  void kill() {
    current().kill();
  }

  /** Starts another process on the folder; requests go there once {@code check} has passed. */
  void restart(Runnable check) {
    ChildServer next = ChildServer.start(data, HEAP);
    lock.lock();
    try {
      current = next;
      check.run();
      kills++;
      restarted.signalAll();
    } finally {
      lock.unlock();
    }
  }

  int kills() {
    return kills;
  }

  private ChildServer current() {
    lock.lock();
    try {
      return current;
    } finally {
      lock.unlock();
    }
  }

  /** The address of a path at the process that runs now. */
  URI uri(String path) {
    return current().uri(path);
  }

  /** Sends a request until it is answered, to one process after the other. */
  HttpResponse<byte[]> send(Function<ChildServer, HttpRequest> request) {
    while (true) {
      ChildServer server = current();
      try {
        return http.send(request.apply(server), BodyHandlers.ofByteArray());
      } catch (IOException e) {
        awaitSuccessor(server, e);
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  HttpResponse<byte[]> get(String path) {
    return send(server -> HttpRequest.newBuilder(server.uri(path)).build());
  }

  private void awaitSuccessor(ChildServer server, IOException failure) {
    lock.lock();
    try {
      long rest = RESTART_NANOS;
      while (current == server) {
        if (rest <= 0) {
          throw new IllegalStateException("no answer, although nobody was killed", failure);
        }
        rest = restarted.awaitNanos(rest);
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    http.shutdownNow();
    current().close();
  }
}
