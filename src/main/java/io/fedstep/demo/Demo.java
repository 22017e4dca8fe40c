package io.fedstep.demo;

import io.fedstep.client.Fedstep;
import java.io.IOException;
import java.net.URI;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.context.annotation.Profile;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Component;

/** Trains once the server is ready, and leaves it up. */
@Component
@Profile("demo")
public final class Demo {
  private final CompletableFuture<Double> accuracy = new CompletableFuture<>();
  private volatile @Nullable Thread thread;

  /** The test accuracy of the last version, when all clients have ended, or why there is none. */
  public CompletableFuture<Double> accuracy() {
    return accuracy;
  }

  @EventListener
  void start(ApplicationReadyEvent ready) {
    var environment = ready.getApplicationContext().getEnvironment();
    String server = "http://127.0.0.1:" + environment.getRequiredProperty("local.server.port");
    boolean isSecure = environment.matchesProfiles("secure");
    thread = Thread.ofVirtual().name("demo").start(() -> run(server, isSecure));
  }

  /** Ends the clients first: the server's end would wait for their requests. */
  @EventListener(ContextClosedEvent.class)
  void stop() {
    Thread running = thread;
    if (running != null) {
      running.interrupt();
    }
  }

  private void run(String server, boolean isSecure) {
    String model = server + "/v1/models/digits";
    try (var fedstep = Fedstep.at(URI.create(server))) {
      accuracy.complete(new Training(fedstep.model("digits"), isSecure, System.out).run());
      System.out.printf(
          """
          The server stays up. Try:
            curl %1$s/rounds/%2$s
            curl -H 'Accept: application/json' %1$s/weights
            curl %1$s/optimizer/state
          """,
          model, Training.ROUNDS - 1);
    } catch (InterruptedException e) {
      accuracy.completeExceptionally(e); // the server ends
    } catch (ExecutionException e) {
      fail(Objects.requireNonNull(e.getCause()));
    } catch (IOException | RuntimeException e) {
      fail(e);
    }
  }

  private void fail(Throwable cause) {
    System.out.println("The demo ends early: " + cause);
    accuracy.completeExceptionally(cause);
  }
}
