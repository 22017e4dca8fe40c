package io.fedstep.web;

import java.util.concurrent.locks.LockSupport;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.SmartLifecycle;

/**
 * Lets files arrive that are on their way when the server ends. No request is under way any more
 * for the container, so that its own graceful shutdown does not wait for them.
 */
final class DownloadsAtShutdown implements SmartLifecycle {
  private static final long POLL_NANOS = 50_000_000;

  private final WebServerApplicationContext context;
  private volatile boolean running;

  DownloadsAtShutdown(WebServerApplicationContext context) {
    this.context = context;
  }

  @Override
  public int getPhase() {
    return WebServerApplicationContext.GRACEFUL_SHUTDOWN_PHASE - 1; // after the requests
  }

  @Override
  public void start() {
    running = true;
  }

  /** Runs {@code done} once nothing is sent; Spring waits for that as long as it is told to. */
  @Override
  public void stop(Runnable done) {
    running = false;
    var _ =
        Thread.startVirtualThread(() -> {
          while (isSending()) {
            LockSupport.parkNanos(POLL_NANOS);
          }
          done.run();
        });
  }

  private boolean isSending() {
    SendfileProtocol http = SendfileProtocol.of(context);
    return http != null && http.isSending();
  }

  @Override
  public void stop() {
    stop(() -> {});
  }

  @Override
  public boolean isRunning() {
    return running;
  }
}
