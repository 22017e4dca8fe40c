package io.fedstep.warm;

import java.io.IOException;
import java.net.URI;
import java.util.concurrent.ExecutionException;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Profile;
import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Component;

/** Puts the load on the server once it is ready, and ends it; status 1 if the load failed. */
@Component
@Profile("warm")
final class WarmUp {
  @EventListener
  void start(ApplicationReadyEvent ready) {
    ConfigurableApplicationContext context = ready.getApplicationContext();
    String port = context.getEnvironment().getRequiredProperty("local.server.port");
    URI server = URI.create("http://127.0.0.1:" + port);
    Thread.ofPlatform().name("warm").start(() -> end(context, work(server)));
  }

  private static int work(URI server) {
    try {
      new Load(server, Load.Size.FULL, System.out::println).run();
      return 0;
    } catch (IOException | InterruptedException | ExecutionException | RuntimeException e) {
      System.err.println("The load failed: " + e);
      return 1;
    }
  }

  private static void end(ConfigurableApplicationContext context, int status) {
    System.exit(SpringApplication.exit(context, () -> status));
  }
}
