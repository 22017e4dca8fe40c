package io.fedstep.process;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.security.Token;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.json.JsonMapper;

/**
 * A real server of 256 MB that asks everybody who he is, and two that only want to be served: a
 * probe of liveness on a new connection every 50 ms, and the honest client alice, who puts an
 * update of 4 KB into each round. Mallory's token is good, too.
 */
final class Bystanders implements AutoCloseable {
  static final String MODEL = "/v1/models/honest";

  private static final Duration TIME = Duration.ofSeconds(Boolean.getBoolean("long") ? 30 : 1);

  /** For which is waited beyond that until a try has ended. */
  private static final Duration MORE = Duration.ofSeconds(2);

  private static final Duration PAUSE = Duration.ofMillis(50);
  private static final int SOCKET_MILLIS = 20_000;
  private static final byte[] UPDATE = new byte[4096];
  private static final Pattern USED = Pattern.compile("used (\\d+)K");

  private final ChildServer server;
  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(20))
          .build();
  private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
  private final AtomicInteger told = new AtomicInteger();
  private final AtomicInteger ended = new AtomicInteger();
  private volatile long end;
  private volatile long more;

  private Bystanders(ChildServer server) {
    this.server = server;
  }

  /** What they saw while something went on. */
  record Served(
      String beside,
      Duration liveness,
      Duration update,
      ChildServer server,
      long heapBefore,
      long heapAfter,
      int ended) {
    private static final Duration MOST_LIVENESS = Duration.ofSeconds(1);
    private static final Duration MOST_UPDATE = Duration.ofSeconds(5);

    /** Megabytes of live heap that are no growth. */
    private static final long SLACK = 64;

    /** As fedstep.limits.connections reckons with them. */
    private static final int CONNECTIONS_A_MEGABYTE = 4;

    void areServed() {
      othersAreServed();
      assertThat(ended).as("tries that were answered or cut off, " + beside).isPositive();
    }

    /** The same of tries that may last longer than this looks at them. */
    void othersAreServed() {
      othersAreServed(0);
    }

    /** The same where connections stay open, or are kept for the next ones, which is no growth. */
    void othersAreServed(int connections) {
      assertThat(liveness).as("liveness, " + beside).isLessThan(server.here(MOST_LIVENESS));
      assertThat(update).as("an honest update, " + beside).isLessThan(server.here(MOST_UPDATE));
      assertThat(heapAfter)
          .as("live heap, " + beside)
          .isLessThan(heapBefore + SLACK + connections / CONNECTIONS_A_MEGABYTE);
    }
  }

  /** One try of whoever is hostile: ends when it is answered or cut off. */
  interface Try {
    /** An exception of sockets is the server hanging up. */
    void run() throws IOException, InterruptedException;
  }

  static Bystanders start(Path folder, String... options) throws Exception {
    var tokens = new ArrayList<Map<String, Object>>();
    for (String id : List.of("op", "alice", "mallory")) {
      String role = id.equals("op") ? "admin" : "client";
      tokens.add(
          Map.of("id", id, "sha256", Token.sha256(id), "role", role, "models", List.of("*")));
    }
    Path file =
        Files.write(
            folder.resolve("tokens.json"),
            JsonMapper.shared().writeValueAsBytes(Map.of("tokens", tokens)));
    var all = new ArrayList<>(List.of(options));
    all.addAll(
        List.of(
            "-Xmx256m",
            "-XX:ActiveProcessorCount=2",
            "-XX:+ExitOnOutOfMemoryError",
            "-Dfedstep.security.tokens-file=" + file));
    var started =
        new Bystanders(ChildServer.start(folder.resolve("data"), all.toArray(String[]::new)));
    started.create(MODEL, "{\"tensors\": {\"w\": [%s]}}".formatted(UPDATE.length / 4));
    for (int i = 0; i < 50; i++) { // what is compiled later takes longer
      started.liveness();
      started.update();
    }
    return started;
  }

  void create(String model, String spec) throws IOException, InterruptedException {
    HttpResponse<String> answer =
        send("op", "PUT", model, spec.getBytes(UTF_8), "Content-Type", "application/json");
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(201);
  }

  void put(String path, byte[] octets) throws IOException, InterruptedException {
    HttpResponse<String> answer =
        send("op", "PUT", path, octets, "Content-Type", "application/octet-stream");
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
  }

  ChildServer server() {
    return server;
  }

  /** Whether what goes on still does. */
  boolean goesOn() {
    long left = end - System.nanoTime();
    return left > 0 || (left > -more && ended.get() + told.get() == 0);
  }

  /** A connection of somebody hostile, who loses it when time is over. */
  Socket connect() throws IOException {
    Socket socket = open();
    sockets.add(socket);
    return socket;
  }

  private Socket open() throws IOException {
    var socket = new Socket(InetAddress.getLoopbackAddress(), server.port());
    socket.setSoTimeout(SOCKET_MILLIS);
    return socket;
  }

  /** The same piece again and again, until time is over or the server hangs up. */
  void pour(Socket socket, byte[] piece, long bytesPerSecond) throws IOException {
    long began = System.nanoTime();
    boolean answered = false;
    for (long sent = 0; goesOn(); sent += piece.length) {
      socket.getOutputStream().write(piece);
      if (socket.getInputStream().skip(socket.getInputStream().available()) > 0 && !answered) {
        answered = true;
        told.incrementAndGet();
      }
      long ahead = sent * 1_000_000_000L / bytesPerSecond - (System.nanoTime() - began);
      if (ahead > 0) {
        LockSupport.parkNanos(ahead);
      }
    }
  }

  HttpResponse<String> send(String token, String method, String path, byte[] body, String... fields)
      throws IOException, InterruptedException {
    var request =
        HttpRequest.newBuilder(server.uri(path))
            .timeout(Duration.ofMillis(SOCKET_MILLIS))
            .header("Authorization", "Bearer " + token)
            .method(method, BodyPublishers.ofByteArray(body));
    for (int i = 0; i < fields.length; i += 2) {
      request.header(fields[i], fields[i + 1]);
    }
    return http.send(request.build(), BodyHandlers.ofString());
  }

  private void liveness() throws IOException {
    try (Socket socket = open()) {
      socket
          .getOutputStream()
          .write(
              "GET /actuator/health/liveness HTTP/1.1\r\nHost: localhost\r\n\r\n"
                  .getBytes(ISO_8859_1));
      byte[] line = socket.getInputStream().readNBytes("HTTP/1.1 200".length());
      assertThat(new String(line, ISO_8859_1)).isEqualTo("HTTP/1.1 200");
    }
  }

  private void update() throws IOException, InterruptedException {
    HttpResponse<String> round = send("alice", "GET", MODEL + "/rounds/current", new byte[0]);
    assertThat(round.statusCode()).as(round.body()).isEqualTo(200);
    long number = JsonMapper.shared().readTree(round.body()).path("round").asLong();
    HttpResponse<String> receipt =
        send(
            "alice",
            "PUT",
            MODEL + "/rounds/%s/updates/alice".formatted(number),
            UPDATE,
            "Content-Type",
            "application/octet-stream");
    assertThat(receipt.statusCode()).as(receipt.body()).isIn(201, 200, 410);
  }

  private Duration longest(ThrowingRun one) throws Exception {
    long longest = 0;
    do {
      long began = System.nanoTime();
      one.run();
      longest = Math.max(longest, System.nanoTime() - began);
      LockSupport.parkNanos(PAUSE.toNanos());
    } while (goesOn());
    return Duration.ofNanos(longest);
  }

  private interface ThrowingRun {
    void run() throws Exception;
  }

  /** Has so many senders try again and again, and says what the others saw of the server. */
  Served during(String what, int senders, Try hostile) throws Exception {
    try (ExecutorService threads = Executors.newCachedThreadPool()) {
      told.set(0);
      ended.set(0);
      long before = liveHeap();
      more = MORE.toNanos();
      end = System.nanoTime() + TIME.toNanos();
      for (int i = 0; i < senders; i++) {
        var _ = threads.submit(() -> again(hostile));
      }
      Future<Duration> liveness = threads.submit(() -> longest(this::liveness));
      Future<Duration> update = threads.submit(() -> longest(this::update));
      Duration longestLiveness = liveness.get();
      Duration longestUpdate = update.get();
      for (Socket socket : sockets) {
        socket.close();
      }
      sockets.clear();
      var served =
          new Served(
              what,
              longestLiveness,
              longestUpdate,
              server,
              before,
              liveHeap(),
              ended.get() + told.get());
      System.out.printf(
          "%s: liveness %s ms, update %s ms (start %s ms), live heap %s to %s MB,"
              + " %s answered or cut off%n",
          what,
          served.liveness.toMillis(),
          served.update.toMillis(),
          server.startTime().toMillis(),
          before,
          served.heapAfter,
          served.ended);
      return served;
    }
  }

  private void again(Try hostile) {
    while (goesOn()) {
      try {
        hostile.run();
      } catch (IOException e) {
        // hung up on, as it should be
      } catch (InterruptedException e) {
        return;
      }
      if (goesOn()) {
        ended.incrementAndGet();
      }
    }
  }

  /** Megabytes of the server's heap that are in use after a collection. */
  private long liveHeap() throws IOException, InterruptedException {
    return jcmd("GC.run\nGC.heap_info")
            .lines()
            .filter(line -> !line.contains("Metaspace") && !line.contains("class space"))
            .map(USED::matcher)
            .filter(Matcher::find)
            .mapToLong(used -> Long.parseLong(used.group(1)))
            .sum()
        / 1024;
  }

  /** What the server's JVM says to commands, one a line. */
  private String jcmd(String commands) throws IOException, InterruptedException {
    Path tool = Path.of(System.getProperty("java.home"), "bin", "jcmd");
    Process process =
        new ProcessBuilder(
                tool.toString(),
                "-J-XX:+UseSerialGC",
                "-J-XX:TieredStopAtLevel=1",
                "" + server.pid(),
                commands)
            .redirectErrorStream(true)
            .start();
    String said = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    return said;
  }

  @Override
  public void close() {
    server.close();
  }
}
