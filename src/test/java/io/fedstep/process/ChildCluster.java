package io.fedstep.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Fedsteps that are one server, each a process that can be killed and started again, and clients
 * that send every request to another one of them and do not give up.
 */
public final class ChildCluster implements AutoCloseable {
  static final String JSON = "application/json";
  static final String OCTETS = "application/octet-stream";

  private static final Duration PATIENCE = Duration.ofMinutes(3);
  private static final Duration LONGEST_ANSWER = Duration.ofSeconds(75);
  private static final Duration SHORTEST_PAUSE = Duration.ofMillis(50);
  private static final JsonMapper MAPPER = new JsonMapper();

  /** For starts, which wait: on few cores none would be left of the common pool to tell an end. */
  static final Executor THREADS = task -> Thread.ofPlatform().daemon().start(task);

  private final Path data;
  private final List<String[]> options;
  private final AtomicReferenceArray<ChildServer> nodes;
  private final AtomicInteger turn = new AtomicInteger();
  private final CountDownLatch closed = new CountDownLatch(1);
  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .executor(Executors.newVirtualThreadPerTaskExecutor())
          .build();

  private ChildCluster(Path data, List<String[]> options) {
    this.data = data;
    this.options = options;
    nodes = new AtomicReferenceArray<>(options.size());
    startFrom(0);
  }

  private void startFrom(int first) {
    try {
      IntStream.range(first, size())
          .mapToObj(node -> CompletableFuture.runAsync(() -> restart(node), THREADS))
          .toList()
          .forEach(CompletableFuture::join);
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  private ChildCluster(Path data, List<String[]> options, ChildServer first) {
    this.data = data;
    this.options = options;
    nodes = new AtomicReferenceArray<>(options.size());
    nodes.set(0, first);
  }

  /** A cluster, and one machine by which it is measured. */
  record Measured(ChildCluster cluster, ChildCluster alone) {}

  /** Both: the cluster's first process has that machine beside it, which saves the start of one. */
  static Measured startBoth(Path folder, int size, Brokers brokers, Duration sessionTimeout) {
    Path data = folder.resolve("data");
    Path aloneData = folder.resolve("alone");
    List<List<String>> properties = properties(folder, size, brokers, sessionTimeout);
    List<ChildServer> first =
        ChildServer.startTogether(
            List.of(on(data, properties.getFirst()), on(aloneData, List.of())), "-Xmx512m");
    var alone = new ChildCluster(aloneData, List.<String[]>of(options(List.of())), first.getLast());
    var cluster =
        new ChildCluster(
            data, properties.stream().map(ChildCluster::options).toList(), first.getFirst());
    cluster.startFrom(1);
    return new Measured(cluster, alone);
  }

  private static List<String> on(Path data, List<String> properties) {
    var all = new ArrayList<>(properties);
    all.add("fedstep.data-dir=" + data);
    return all;
  }

  /** One machine's engine, by which the others are measured. */
  static ChildCluster ofOne(Path folder) {
    return new ChildCluster(folder.resolve("data"), List.<String[]>of(options(List.of())));
  }

  /** So many processes that share their work by Kafka. */
  public static ChildCluster start(
      Path folder, int size, Brokers brokers, Duration sessionTimeout) {
    return new ChildCluster(
        folder.resolve("data"),
        properties(folder, size, brokers, sessionTimeout).stream()
            .map(ChildCluster::options)
            .toList());
  }

  private static List<List<String>> properties(
      Path folder, int size, Brokers brokers, Duration sessionTimeout) {
    return IntStream.range(0, size)
        .mapToObj(node ->
            List.of(
                "fedstep.engine=kafka",
                "fedstep.kafka.brokers=" + brokers.bootstrap(),
                "fedstep.kafka.replication=" + brokers.size(),
                "fedstep.kafka.session-timeout=%sms".formatted(sessionTimeout.toMillis()),
                "fedstep.kafka.scratch-dir=" + folder.resolve("scratch-" + node),
                "fedstep.kafka.client.client.id=" + ClusterRoles.clientId(node)))
        .toList();
  }

  private static String[] options(List<String> properties) {
    return Stream.concat(Stream.of("-Xmx256m"), properties.stream().map(one -> "-D" + one))
        .toArray(String[]::new);
  }

  int size() {
    return options.size();
  }

  /** Ends a process as {@code kill -9} does; returns once it is gone. */
  void kill(int node) {
    nodes.get(node).kill();
  }

  /** Starts another process in the place of a killed one; returns once it answers. */
  void restart(int node) {
    nodes.set(node, ChildServer.start(data, options.get(node)));
  }

  /** The limit for this machine, by the longest of the last starts. */
  Duration here(Duration limit) {
    return IntStream.range(0, size())
        .mapToObj(node -> nodes.get(node).here(limit))
        .max(Comparator.naturalOrder())
        .orElseThrow();
  }

  /** The lines of WARN and ERROR of those that run. */
  List<String> warnings() {
    return IntStream.range(0, size())
        .mapToObj(node -> nodes.get(node).warnings())
        .flatMap(List::stream)
        .toList();
  }

  /** Where one of them answers a path. */
  URI uri(int node, String path) {
    return nodes.get(node).uri(path);
  }

  /** Sends a request until it is answered: after a lost connection or a 503 to the next one. */
  HttpResponse<byte[]> send(IntFunction<HttpRequest.Builder> toNode) {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (true) {
      int node = Math.floorMod(turn.getAndIncrement(), size());
      Duration pause = SHORTEST_PAUSE;
      IOException failure;
      try {
        HttpRequest request = toNode.apply(node).timeout(LONGEST_ANSWER).build();
        HttpResponse<byte[]> answer = http.send(request, BodyHandlers.ofByteArray());
        if (answer.statusCode() != 503) {
          return answer;
        }
        pause = Duration.ofSeconds(answer.headers().firstValueAsLong("Retry-After").orElseThrow());
        failure = new IOException(text(answer));
      } catch (IOException e) {
        failure = e;
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
      if (System.nanoTime() - end > 0) {
        throw new IllegalStateException("no answer for " + PATIENCE, failure);
      }
      pause(pause);
    }
  }

  /** What a server asks its clients for. */
  void pause(Duration time) {
    try {
      if (closed.await(time.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new IllegalStateException("closed");
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  HttpResponse<byte[]> get(String path) {
    return send(node -> HttpRequest.newBuilder(uri(node, path)));
  }

  /** The body of an answer of 200. */
  byte[] bytes(String path) {
    return checked(get(path), path, 200).body();
  }

  /** The document of an answer of 200. */
  JsonNode json(String path) {
    return MAPPER.readTree(bytes(path));
  }

  /** The document that answers a PUT: 200 or 201. */
  JsonNode put(String path, String type, byte[] body) {
    return put(path, type, _ -> BodyPublishers.ofByteArray(body));
  }

  /** The same, with a body that is made for the one it goes to. */
  JsonNode put(String path, String type, IntFunction<BodyPublisher> body) {
    HttpResponse<byte[]> answer =
        send(node ->
            HttpRequest.newBuilder(uri(node, path))
                .header("Content-Type", type)
                .PUT(body.apply(node)));
    return MAPPER.readTree(checked(answer, path, 200, 201).body());
  }

  /** The document that answers a POST. */
  JsonNode post(String path) {
    HttpResponse<byte[]> answer =
        send(node -> HttpRequest.newBuilder(uri(node, path)).POST(BodyPublishers.noBody()));
    return MAPPER.readTree(checked(answer, path, 200).body());
  }

  /** Removes what is there. */
  void delete(String path) {
    checked(send(node -> HttpRequest.newBuilder(uri(node, path)).DELETE()), path, 204);
  }

  private static HttpResponse<byte[]> checked(
      HttpResponse<byte[]> answer, String path, Integer... statuses) {
    assertThat(answer.statusCode()).as("%s: %s", path, text(answer)).isIn((Object[]) statuses);
    return answer;
  }

  private static String text(HttpResponse<byte[]> answer) {
    return answer.headers().firstValue("Content-Type").orElse("").contains("json")
        ? new String(answer.body(), StandardCharsets.UTF_8)
        : answer.body().length + " bytes";
  }

  @Override
  public void close() {
    closed.countDown();
    http.shutdownNow();
    for (int node = 0; node < size(); node++) {
      ChildServer server = nodes.get(node);
      if (server != null) {
        server.close();
      }
    }
  }
}
