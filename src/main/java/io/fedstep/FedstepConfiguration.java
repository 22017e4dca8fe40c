package io.fedstep;

import io.fedstep.coordinator.Coordinator;
import io.fedstep.coordinator.Limits;
import io.fedstep.coordinator.Listener;
import io.fedstep.metrics.FreeSpace;
import io.fedstep.metrics.ServerMeters;
import io.fedstep.store.DataFolder;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.security.SecureRandom;
import java.time.InstantSource;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.boot.web.server.servlet.ConfigurableServletWebServerFactory;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The wiring: the one place that calls the domain's constructors. */
@Configuration(proxyBeanMethods = false)
class FedstepConfiguration {
  /** Uploads under way at once: each holds about 200 KiB. */
  private static final int MOST_UPLOADS = 1024;

  @Bean
  Coordinator coordinator(FedstepProperties properties, Listener listener) {
    var random = new SecureRandom();
    return new Coordinator(
        new DataFolder(properties.dataDir()),
        new Limits(
            properties.keepVersions(),
            properties.keepRounds(),
            properties.maxParameters(),
            MOST_UPLOADS,
            Runtime.getRuntime().availableProcessors()),
        InstantSource.system(),
        () -> "%08x".formatted(random.nextInt()),
        listener);
  }

  @Bean
  Listener meters(MeterRegistry registry) {
    return new ServerMeters(registry, InstantSource.system());
  }

  @Bean
  MeterBinder freeSpace(Coordinator coordinator) {
    return new FreeSpace(coordinator);
  }

  @Bean
  WebServerFactoryCustomizer<ConfigurableServletWebServerFactory> loopbackGuard(
      FedstepProperties properties,
      org.springframework.boot.web.server.autoconfigure.ServerProperties server) {
    return factory -> {
      var address = server.getAddress();
      if (!properties.security().insecure() && (address == null || !address.isLoopbackAddress())) {
        throw new ExposedServerException(address);
      }
    };
  }
}
