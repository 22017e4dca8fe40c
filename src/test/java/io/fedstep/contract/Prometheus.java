package io.fedstep.contract;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;

/**
 * A real Prometheus with the rules that operators get, in which minutes are seconds: a server is
 * asked each second, and alerts that wait for minutes do so for seconds.
 */
final class Prometheus implements AutoCloseable {
  private static final Path RULES = Path.of("docker/prometheus/rules.yml");
  private static final Pattern MINUTES = Pattern.compile("(\\[|for: )(\\d+)m\\b");
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(40);

  /** What is free on a small disk, for the 2 GiB that an alert leaves to others. */
  private static final String SMALL = "4 * 1024 * 1024";

  private final Process process;
  private final Path targets;
  private final Http http;

  private Prometheus(Process process, Path targets, int port) {
    this.process = process;
    this.targets = targets;
    http = new Http(port);
  }

  /** Whether there is one. */
  static boolean isInstalled() throws IOException, InterruptedException {
    return new ProcessBuilder("sh", "-c", "command -v prometheus").start().waitFor() == 0;
  }

  /** One that keeps what it reads in a folder, and shows a server that token. */
  static Prometheus start(Path folder, String token) throws IOException {
    Files.createDirectories(folder);
    String rules =
        MINUTES
            .matcher(Files.readString(RULES))
            .replaceAll("$1$2s")
            .replace("2 * 1024 * 1024 * 1024", SMALL);
    Files.writeString(folder.resolve("rules.yml"), rules);
    Path targets = Files.writeString(folder.resolve("targets.json"), "[]");
    Files.writeString(
        folder.resolve("prometheus.yml"),
        """
        global: {scrape_interval: 1s, evaluation_interval: 1s}
        rule_files: [rules.yml]
        scrape_configs:
          - job_name: fedstep
            metrics_path: /actuator/prometheus
            authorization: {credentials: "%s"}
            file_sd_configs: [{files: [targets.json], refresh_interval: 1s}]
        """
            .formatted(token));
    int port = freePort();
    Process process =
        new ProcessBuilder(
                "prometheus",
                "--config.file=" + folder.resolve("prometheus.yml"),
                "--storage.tsdb.path=" + folder.resolve("tsdb"),
                "--web.listen-address=127.0.0.1:" + port)
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("log").toFile())
            .start();
    return new Prometheus(process, targets, port);
  }

  private static int freePort() throws IOException {
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  /** Asks that server from now on, under a name that stays. */
  void watch(int port) {
    String all =
        """
        [{"targets": ["127.0.0.1:%s"], "labels": {"instance": "fedstep"}}]\
        """
            .formatted(Integer.toString(port));
    try {
      Path next = Files.write(targets.resolveSibling("next"), all.getBytes(UTF_8));
      Files.move(next, targets, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The alerts that fire, by name and model. */
  Set<String> firing() {
    var alerts = new TreeSet<String>();
    http.get("/api/v1/alerts")
        .is(200)
        .json()
        .at("/data/alerts")
        .valueStream()
        .filter(alert -> alert.path("state").asString().equals("firing"))
        .map(alert -> alert.path("labels"))
        .map(
            labels -> labels.path("alertname").asString() + " " + labels.path("model").asString(""))
        .map(String::strip)
        .forEach(alerts::add);
    return alerts;
  }

  /** Waits until these alerts fire. */
  void awaitFiring(String... alerts) {
    long end = System.nanoTime() + PATIENCE_NANOS;
    while (true) {
      Set<String> firing = firing();
      if (firing.containsAll(List.of(alerts))) {
        return;
      }
      if (System.nanoTime() > end) {
        throw new AssertionError("%s are to fire, but %s do".formatted(List.of(alerts), firing));
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(200));
    }
  }

  @Override
  public void close() {
    process.destroyForcibly().onExit().join();
  }
}
