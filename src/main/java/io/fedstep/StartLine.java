package io.fedstep;

import io.fedstep.coordinator.Coordinator;
import io.fedstep.metrics.BuildInfo;
import io.fedstep.security.Exposure;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.context.event.EventListener;
import org.springframework.core.env.Environment;
import org.springframework.stereotype.Component;
import org.springframework.util.unit.DataSize;

/** What the server logs when it is ready, what it is and on what it works, and when it ends. */
@Component
final class StartLine {
  private static final Logger LOG = LoggerFactory.getLogger(FedstepApplication.class);

  private final BuildInfo build;
  private final FedstepProperties properties;
  private final Coordinator coordinator;
  private final Exposure exposure;
  private final Environment environment;

  StartLine(
      BuildInfo build,
      FedstepProperties properties,
      Coordinator coordinator,
      Exposure exposure,
      Environment environment) {
    this.build = build;
    this.properties = properties;
    this.coordinator = coordinator;
    this.exposure = exposure;
    this.environment = environment;
  }

  @EventListener
  void ready(ApplicationReadyEvent event) {
    List<String> models = coordinator.models();
    long failed = models.stream().filter(model -> coordinator.failure(model) != null).count();
    Duration taken = Objects.requireNonNullElse(event.getTimeTaken(), Duration.ZERO);
    LimitProperties limits = properties.limits();
    LOG.info(
        "fedstep {} is ready on port {} after {} s; engine {}; {} with {} MB free;"
            + " models: {} open, {} failed; {}; at most {} connections, {} uploads, {} waiting",
        build.version(),
        environment.getProperty("local.server.port"),
        Double.toString(taken.toMillis() / 1e3),
        build.engine(),
        properties.dataDir().toAbsolutePath().normalize(),
        DataSize.ofBytes(coordinator.freeBytes()).toMegabytes(),
        models.size() - failed,
        failed,
        callers(),
        limits.connections(),
        limits.uploads(),
        limits.waiting());
  }

  @EventListener(ContextClosedEvent.class)
  void closed() {
    LOG.info("fedstep ends: what is under way has its time, nothing new is taken");
  }

  private String callers() {
    return switch (exposure) {
      case AUTHENTICATED -> "every request needs credentials";
      case LOCAL -> "open to this machine, without credentials";
      case INSECURE, UNDECLARED -> "open to whoever reaches it, without credentials";
    };
  }
}
