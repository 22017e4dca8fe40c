package io.fedstep.process;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.joining;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.slf4j.LoggerFactory;

/** Kafka brokers in a process, or each in one of its own that can be killed and started again. */
public final class Brokers implements AutoCloseable {
  /** The settings that fedstep needs, which are those of the trials' brokers too. */
  private static final Path SETTINGS = Path.of("docker/kafka/server.properties");

  private static final Path LOGGING = Path.of("docker/kafka/logback.xml");
  private static final long START_SECONDS = 90;

  static {
    for (String name : List.of("kafka", "org.apache.kafka")) { // would write everything they do
      ((Logger) LoggerFactory.getLogger(name)).setLevel(Level.ERROR);
    }
  }

  private final Path folder;
  private final List<Integer> ports;

  /** Of each broker if they are apart, otherwise the one of all. */
  private final List<Process> processes = new ArrayList<>();

  private Brokers(Path folder, List<Integer> ports) {
    this.folder = folder;
    this.ports = ports;
  }

  /** So many brokers in one process, with empty logs below {@code folder}, once all are ready. */
  public static Brokers start(Path folder, int count) {
    return start(folder, count, false);
  }

  /** The same, each in a process of its own. */
  static Brokers startApart(Path folder, int count) {
    return start(folder, count, true);
  }

  private static Brokers start(Path folder, int count, boolean apart) {
    var brokers = new Brokers(folder, freePorts(2 * count));
    try {
      Files.createDirectories(folder);
      for (int i = 0; i < count; i++) {
        brokers.writeSettings(i);
      }
      if (apart) {
        for (int i = 0; i < count; i++) { // a majority has to be there for any to get ready
          brokers.processes.add(brokers.launch(i, i + 1));
        }
      } else {
        brokers.processes.add(brokers.launch(0, count));
      }
      int each = count / brokers.processes.size();
      brokers.processes.stream()
          .map(process -> ready(process, each))
          .toList()
          .forEach(CompletableFuture::join);
      return brokers;
    } catch (IOException e) {
      brokers.close();
      throw new UncheckedIOException(e);
    } catch (RuntimeException e) {
      brokers.close();
      throw e;
    }
  }

  private static List<Integer> freePorts(int count) {
    var sockets = new ArrayList<ServerSocket>();
    try {
      for (int i = 0; i < count; i++) {
        sockets.add(new ServerSocket(0, 1, InetAddress.getLoopbackAddress()));
      }
      List<Integer> ports = sockets.stream().map(ServerSocket::getLocalPort).toList();
      for (ServerSocket socket : sockets) {
        socket.close();
      }
      return ports;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private int count() {
    return ports.size() / 2;
  }

  private String address(int broker) {
    return "127.0.0.1:" + ports.get(broker);
  }

  private String controller(int broker) {
    return "127.0.0.1:" + ports.get(count() + broker);
  }

  private Path settings(int broker) {
    return folder.resolve(broker + ".properties");
  }

  private void writeSettings(int broker) throws IOException {
    var settings = new Properties();
    try (var reader = Files.newBufferedReader(SETTINGS)) {
      settings.load(reader);
    }
    settings.put("node.id", "" + broker);
    settings.put(
        "listeners", "BROKER://%s,CONTROLLER://%s".formatted(address(broker), controller(broker)));
    settings.put(
        "controller.quorum.voters",
        IntStream.range(0, count()).mapToObj(i -> i + "@" + controller(i)).collect(joining(",")));
    settings.put("log.dirs", folder.resolve("log-" + broker).toString());
    if (count() < 3) {
      settings.put("min.insync.replicas", "1");
      settings.put("transaction.state.log.min.isr", "1");
      for (String topics : List.of("default", "offsets.topic", "transaction.state.log")) {
        settings.put(topics + ".replication.factor", "" + count());
      }
    }
    try (var writer = Files.newBufferedWriter(settings(broker))) {
      settings.store(writer, null);
    }
  }

  /** A process of the brokers from one to before another. */
  private Process launch(int from, int to) throws IOException {
    var command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx%sm".formatted(256 + 64 * (to - from - 1)),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Dlogback.configurationFile=" + LOGGING.toAbsolutePath(),
                "-cp",
                System.getProperty("java.class.path"),
                Broker.class.getName()));
    for (int i = from; i < to; i++) {
      command.add(settings(i).toString());
    }
    return new ProcessBuilder(command).redirectErrorStream(true).start();
  }

  /** Done once so many brokers have said so; reads on, since a full pipe would stop them. */
  private static CompletableFuture<Void> ready(Process process, int count) {
    var ready = new CompletableFuture<Void>();
    var left = new AtomicInteger(count);
    var log = new StringBuilder();
    Thread.ofPlatform()
        .daemon()
        .start(() -> {
          try (BufferedReader lines =
              new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
              if (!ready.isDone()) {
                log.append(line).append('\n');
              }
              if (line.contains("Kafka Server started") && left.decrementAndGet() == 0) {
                ready.complete(null);
              }
            }
          } catch (IOException e) {
            log.append(e); // the pipe of a killed process
          }
          ready.completeExceptionally(new IllegalStateException("the broker ended:\n" + log));
        });
    return ready.orTimeout(START_SECONDS, TimeUnit.SECONDS);
  }

  /** How many they are. */
  public int size() {
    return count();
  }

  /** The addresses of all, as {@code fedstep.kafka.brokers} takes them. */
  public String bootstrap() {
    return IntStream.range(0, count()).mapToObj(this::address).collect(joining(","));
  }

  /** Ends a broker that is apart as {@code kill -9} does; returns once it is gone. */
  public void kill(int broker) {
    processes.get(broker).destroyForcibly().onExit().join();
  }

  /** Starts a killed broker again on its log; returns once it is ready. */
  public void restart(int broker) {
    try {
      Process process = launch(broker, broker + 1);
      processes.set(broker, process);
      ready(process, 1).join();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    processes.forEach(Process::destroyForcibly);
    processes.forEach(process -> process.onExit().join());
  }
}
