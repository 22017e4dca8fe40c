package io.fedstep.contract;

import io.fedstep.FedstepApplication;
import io.fedstep.local.QuietEngine;
import io.fedstep.process.Brokers;
import io.fedstep.process.ChildCluster;
import io.fedstep.store.Disk;
import io.fedstep.store.Unforced;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.context.event.ApplicationEnvironmentPreparedEvent;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ApplicationListener;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.util.FileSystemUtils;

/**
 * The real application on a free port and an empty data folder. The server that tests share without
 * properties is a cluster of three on Kafka with {@code -Dcontract.engine=kafka}.
 */
public final class Server implements AutoCloseable {
  private static final Duration SESSION = Duration.ofSeconds(10);

  private static final Map<List<String>, Server> SHARED = new HashMap<>();

  private final Path data;
  private final ConfigurableApplicationContext context;
  private final Http http;

  private Server(Path data, ConfigurableApplicationContext context) {
    this.data = data;
    this.context = context;
    this.http = new Http(((WebServerApplicationContext) context).getWebServer().getPort());
  }

  /**
   * The one server of the test JVM with these properties, which tests share: each takes model names
   * of its own.
   */
  public static synchronized Server shared(String... properties) {
    return SHARED.computeIfAbsent(List.of(properties), Server::startOnEmptyFolder);
  }

  /** Whether that one without properties is a cluster. */
  static boolean isCluster() {
    return "kafka".equals(System.getProperty("contract.engine"));
  }

  /**
   * A server of its own on {@code data}, for tests that need other properties; close it. What it
   * writes is not forced: that is for the tests of processes, which can be killed.
   */
  static Server start(Path data, String... properties) {
    return start(Unforced.disk(), data, properties);
  }

  /** The same on another disk. */
  static Server start(Disk disk, Path data, String... properties) {
    var application =
        new SpringApplicationBuilder(FedstepApplication.class)
            .initializers((GenericApplicationContext context) ->
                context.registerBean(
                    "testedDisk", Disk.class, () -> disk, bean -> bean.setPrimary(true)));
    return start(application, data, properties);
  }

  private static Server start(
      SpringApplicationBuilder application, Path data, String... properties) {
    var arguments = new ArrayList<>(List.of("--server.port=0", "--fedstep.data-dir=" + data));
    for (String property : properties) {
      arguments.add("--" + property);
    }
    application.listeners(new LogAgain());
    return new Server(data, application.run(arguments.toArray(String[]::new)));
  }

  /** Has the log as tests want it, once a context that starts has set it anew. */
  private static final class LogAgain
      implements ApplicationListener<ApplicationEnvironmentPreparedEvent> {
    @Override
    public void onApplicationEvent(ApplicationEnvironmentPreparedEvent event) {
      QuietEngine.install();
    }
  }

  private static Server startOnEmptyFolder(List<String> properties) {
    try {
      Path data = Files.createTempDirectory("fedstep-contract");
      SpringApplication.getShutdownHandlers().add(() -> delete(data));
      return properties.isEmpty() && isCluster()
          ? startCluster(data)
          : start(data, properties.toArray(String[]::new));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** One of three that share their work; tests ask it, the other two decide and compute as well. */
  private static Server startCluster(Path folder) {
    Brokers brokers = Brokers.start(folder.resolve("brokers"), 1);
    SpringApplication.getShutdownHandlers().add(brokers::close);
    ChildCluster others = ChildCluster.start(folder, 2, brokers, SESSION);
    SpringApplication.getShutdownHandlers().add(others::close);
    return start(
        folder.resolve("data"),
        "fedstep.engine=kafka",
        "fedstep.kafka.brokers=" + brokers.bootstrap(),
        "fedstep.kafka.replication=" + brokers.size(),
        "fedstep.kafka.scratch-dir=" + folder.resolve("scratch"));
  }

  private static void delete(Path data) {
    try {
      FileSystemUtils.deleteRecursively(data);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Where it is to be asked. */
  public URI address() {
    return URI.create("http://127.0.0.1:" + http.port());
  }

  Http http() {
    return http;
  }

  /** The folder of the models. */
  Path data() {
    return data;
  }

  ApplicationContext context() {
    return context;
  }

  @Override
  public void close() {
    context.close();
  }
}
