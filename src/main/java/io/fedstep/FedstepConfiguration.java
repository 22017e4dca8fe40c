package io.fedstep;

import io.fedstep.coordinator.Coordinator;
import io.fedstep.coordinator.Engine;
import io.fedstep.coordinator.Limits;
import io.fedstep.coordinator.Listener;
import io.fedstep.coordinator.Listeners;
import io.fedstep.kafka.ClusterMeters;
import io.fedstep.kafka.KafkaCoordinator;
import io.fedstep.local.LocalCoordinator;
import io.fedstep.metrics.BuildInfo;
import io.fedstep.metrics.FreeSpace;
import io.fedstep.metrics.ModelLog;
import io.fedstep.metrics.RangeMeters;
import io.fedstep.metrics.RefusedCertificates;
import io.fedstep.metrics.ServerMeters;
import io.fedstep.metrics.TokensFile;
import io.fedstep.quota.RequestRate;
import io.fedstep.security.CheckedSslBundles;
import io.fedstep.security.Credentials;
import io.fedstep.security.Exposure;
import io.fedstep.security.SecurityProperties;
import io.fedstep.store.DataFolder;
import io.fedstep.store.Disk;
import io.fedstep.store.KeptAnswers;
import io.fedstep.store.ScratchFolder;
import io.fedstep.wire.WireLimits;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.micrometer.core.instrument.config.MeterFilter;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.ssl.SslBundleRegistrar;
import org.springframework.boot.context.properties.ConfigurationPropertiesBindHandlerAdvisor;
import org.springframework.boot.info.BuildProperties;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.boot.web.server.autoconfigure.ServerProperties;
import org.springframework.boot.web.server.servlet.ConfigurableServletWebServerFactory;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.io.FileSystemResource;

/** The wiring: the one place that calls the domain's constructors. */
@Configuration(proxyBeanMethods = false)
class FedstepConfiguration {
  @Bean
  Disk disk() {
    return new Disk();
  }

  @Bean
  Coordinator coordinator(
      FedstepProperties properties,
      Disk disk,
      ServerProperties server,
      Listener listener,
      ClusterMeters clusterMeters) {
    var random = new SecureRandom();
    Supplier<String> incarnations = () -> HexFormat.of().toHexDigits(random.nextInt());
    InstantSource clock = InstantSource.system();
    Limits limits = limits(properties);
    return switch (properties.engine()) {
      case LOCAL ->
          new LocalCoordinator(
              new DataFolder(
                  disk, properties.dataDir(), properties.keepDeleted(), limits.models(), clock),
              limits,
              clock,
              incarnations,
              listener);
      case KAFKA ->
          new KafkaCoordinator(
              properties.kafka().settings(place(server)),
              DataFolder.shared(disk, properties.dataDir()),
              new ScratchFolder(disk, properties.kafka().scratchDir()),
              new Engine(clock, listener, limits),
              limits,
              incarnations,
              clusterMeters);
    };
  }

  /** The host, and the port where it is known already; else the number of the process. */
  private static String place(ServerProperties server) {
    Integer port = server.getPort();
    long number = port == null || port == 0 ? ProcessHandle.current().pid() : port;
    try {
      return InetAddress.getLocalHost().getHostName() + ":" + number;
    } catch (UnknownHostException e) { // a host without a name of its own
      return "localhost:" + number;
    }
  }

  private static Limits limits(FedstepProperties properties) {
    LimitProperties limits = properties.limits();
    return new Limits(
        properties.keepVersions(),
        properties.keepRounds(),
        properties.maxParameters(),
        limits.models(),
        limits.uploads(),
        limits.uploadsPerClient(),
        limits.pausedUploads(),
        limits.waiting(),
        limits.share(),
        Runtime.getRuntime().availableProcessors());
  }

  /** Made after the coordinator, which has the folder for this process alone. */
  @Bean
  KeptAnswers keptAnswers(FedstepProperties properties, Disk disk, Coordinator coordinator) {
    long most = properties.limits().keptAnswers().toBytes();
    return switch (properties.engine()) {
      case LOCAL -> new KeptAnswers(disk, properties.dataDir().resolve("answers"), most);
      case KAFKA -> KeptAnswers.below(disk, properties.kafka().scratchDir(), most);
    };
  }

  @Bean
  ClusterMeters clusterMeters(MeterRegistry registry) {
    return new RangeMeters(registry);
  }

  @Bean
  ModelLog modelLog() {
    return new ModelLog(LoggerFactory.getLogger("io.fedstep.models"), System::nanoTime);
  }

  @Bean
  Listener listener(MeterRegistry registry, ModelLog log) {
    return new Listeners(List.of(new ServerMeters(registry, InstantSource.system()), log));
  }

  /** Spring's timer of requests has no description, which every meter is to have. */
  @Bean
  static MeterFilter describedRequests() {
    return new MeterFilter() {
      @Override
      public Meter.Id map(Meter.Id id) {
        return id.getName().equals("http.server.requests") && id.getDescription() == null
            ? new Meter.Id(
                id.getName(),
                Tags.of(id.getTags()),
                id.getBaseUnit(),
                "Requests that were answered, by address, method and status",
                id.getType())
            : id;
      }
    };
  }

  @Bean
  BuildInfo build(ObjectProvider<BuildProperties> build, FedstepProperties properties) {
    BuildProperties known = build.getIfAvailable();
    String version = known == null ? null : known.getVersion();
    return new BuildInfo(
        version == null ? "unreleased" : version,
        properties.engine().name().toLowerCase(Locale.ROOT));
  }

  @Bean
  MeterBinder freeSpace(Coordinator coordinator) {
    return new FreeSpace(coordinator);
  }

  @Bean
  static ConfigurationPropertiesBindHandlerAdvisor unknownKeys(
      ConfigurableEnvironment environment) {
    return handler -> new UnknownKeys(handler, environment);
  }

  @Bean
  SecurityProperties security(FedstepProperties properties) {
    return properties.security();
  }

  @Bean
  Credentials credentials(SecurityProperties security) {
    return new Credentials(
        security.tokens(),
        security.tokensFile() == null ? null : new FileSystemResource(security.tokensFile()));
  }

  @Bean
  CheckedSslBundles sslBundles(ObjectProvider<SslBundleRegistrar> registrars) {
    var bundles = new CheckedSslBundles();
    registrars.orderedStream().forEach(registrar -> registrar.registerBundles(bundles));
    return bundles;
  }

  @Bean
  MeterBinder tokensFile(Credentials credentials) {
    return new TokensFile(credentials::areAsInFile);
  }

  @Bean
  MeterBinder refusedCertificates(CheckedSslBundles bundles) {
    return new RefusedCertificates(bundles::refused);
  }

  @Bean
  RequestRate requestRate(FedstepProperties properties) {
    return new RequestRate(properties.limits().requestsPerSecond(), System::nanoTime);
  }

  @Bean
  WebServerFactoryCustomizer<ConfigurableServletWebServerFactory> loopbackGuard(
      Exposure exposure, ServerProperties server) {
    return _ -> {
      if (exposure == Exposure.UNDECLARED) {
        throw new ExposedServerException(server.getAddress());
      }
    };
  }

  @Bean
  WireLimits webLimits(FedstepProperties properties) {
    LimitProperties limits = properties.limits();
    return new WireLimits(
        limits.connections(),
        limits.leastUploadRate().toBytes(),
        limits.headTime(),
        limits.dropTime(),
        limits.decoders(),
        limits.heavyAnswers(),
        limits.share());
  }
}
