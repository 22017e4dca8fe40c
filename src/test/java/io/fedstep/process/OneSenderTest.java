package io.fedstep.process;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.github.luben.zstd.Zstd;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * One client, or somebody nobody knows, cannot stop the others: a real server of 256 MB, and what
 * an orchestrator and an honest client see of it while each of these goes on.
 */
@BesideOthers
@Order(4)
class OneSenderTest {
  private static final String LIVENESS = "/actuator/health/liveness";
  private static final long UNBOUNDED = Long.MAX_VALUE / 2;

  /** Of each of four: more than the server has places for. */
  private static final int CONNECTIONS = 200;

  @TempDir private static Path folder;
  private static Bystanders bystanders;

  @BeforeAll
  static void start() throws Exception {
    bystanders = Bystanders.start(folder);
  }

  @AfterAll
  static void stop() {
    bystanders.close();
  }

  private static byte[] chunk(byte[] of) {
    String size = Integer.toHexString(of.length) + "\r\n";
    byte[] chunk = Arrays.copyOf(size.getBytes(ISO_8859_1), size.length() + of.length + 2);
    System.arraycopy(of, 0, chunk, size.length(), of.length);
    chunk[chunk.length - 2] = '\r';
    chunk[chunk.length - 1] = '\n';
    return chunk;
  }

  private static String latin1(byte[] bytes) {
    return new String(bytes, ISO_8859_1);
  }

  private static byte[] filled(int length, char with) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) with);
    return bytes;
  }

  /** Sends a head, then the same piece without end, until the server hangs up. */
  private static void pour(String head, byte[] piece, long bytesPerSecond) throws IOException {
    try (Socket socket = bystanders.connect()) {
      socket.getOutputStream().write(head.getBytes(ISO_8859_1));
      bystanders.pour(socket, piece, bytesPerSecond);
    }
  }

  private static String head(String line, String... fields) {
    return "%s HTTP/1.1\r\nHost: localhost\r\n%s\r\n"
        .formatted(line, fields.length == 0 ? "" : String.join("\r\n", fields) + "\r\n");
  }

  private static String mallory(String line, String... fields) {
    var all = new ArrayList<>(List.of(fields));
    all.add("Authorization: Bearer mallory");
    return head(line, all.toArray(String[]::new));
  }

  /** Asks, and reads what comes and forgets it, as long as that goes on. */
  private static void ask(String head) throws IOException {
    try (Socket socket = bystanders.connect()) {
      socket.setSoTimeout(500);
      socket.getOutputStream().write(head.getBytes(ISO_8859_1));
      byte[] piece = new byte[64 * 1024];
      for (int read = 0; read >= 0 && bystanders.goesOn(); ) {
        try {
          read = socket.getInputStream().read(piece);
        } catch (SocketTimeoutException e) {
          read = 0; // it waits
        }
      }
    }
  }

  @Test
  void numbersOfThousandsOfDigits() throws Exception {
    String path =
        "%s/rounds/0/updates/mallory?weight=%s".formatted(Bystanders.MODEL, "1".repeat(7400));
    String head = mallory("PUT " + path + "x", "Content-Length: 0", "Connection: close");
    bystanders.during("weights of 7,400 digits and an x", 10, () -> ask(head)).areServed();
  }

  @Test
  void downloadsThatAreComputed() throws Exception {
    String model = "/v1/models/large";
    byte[] weights = new byte[20_000_000];
    new Random(1).nextBytes(weights);
    for (int i = 3; i < weights.length; i += 4) {
      weights[i] &= 0x3f; // finite
    }
    bystanders.create(model, "{\"tensors\": {\"w\": [5000000]}}");
    bystanders.put(model + "/weights", weights);
    String gzip =
        mallory("GET " + model + "/weights", "Accept-Encoding: gzip", "Connection: close");
    bystanders.during("downloads of 20 MB in gzip", 10, () -> ask(gzip)).othersAreServed();
    String json =
        mallory("GET " + model + "/weights", "Accept: application/json", "Connection: close");
    bystanders.during("downloads of 20 MB as JSON", 10, () -> ask(json)).othersAreServed();
  }

  @Test
  void placesThatAreHeld() throws Exception {
    String wait =
        mallory(
            "GET %s/rounds/current?after=1000000&wait=60s".formatted(Bystanders.MODEL),
            "Connection: close");
    String report = "PUT %s/versions/0/reports/mallory".formatted(Bystanders.MODEL);
    String length = "Content-Length: 60000";
    String type = "Content-Type: application/json";
    String plain = mallory(report, type, length);
    String zstd = mallory(report, type, length, "Content-Encoding: zstd");
    var next = new AtomicInteger();
    bystanders
        .during(
            "300 waits, slow reports, and slow reports in zstd, a third each",
            300,
            () -> {
              switch (next.getAndIncrement() % 3) {
                case 0 -> ask(wait);
                case 1 -> pour(plain, new byte[] {' '}, 10);
                default -> pour(zstd, new byte[] {' '}, 10);
              }
            })
        .othersAreServed(300);
  }

  @Test
  void bodyWithoutEnd_whereNoneIsTaken() throws Exception {
    byte[] text = ("{\"a\": \"" + "x".repeat(60_000)).getBytes(UTF_8);
    String head =
        head("GET " + LIVENESS, "Content-Type: application/json", "Transfer-Encoding: chunked");
    byte[] piece = chunk(filled(60_000, 'x'));
    bystanders
        .during(
            "a body without end to an address that takes none",
            4,
            () -> pour(head + latin1(chunk(text)), piece, 3_000_000))
        .areServed();
  }

  /** An update's head, whose body comes in chunks. */
  private static String upload(String model, String token, String... fields) {
    var all = new ArrayList<>(List.of(fields));
    all.add("Authorization: Bearer " + token);
    all.add("Content-Type: application/octet-stream");
    all.add("Transfer-Encoding: chunked");
    return head(
        "PUT /v1/models/" + model + "/rounds/0/updates/" + token, all.toArray(String[]::new));
  }

  private static byte[] repeated(byte[] bytes, int times) {
    byte[] all = new byte[bytes.length * times];
    for (int i = 0; i < times; i++) {
      System.arraycopy(bytes, 0, all, i * bytes.length, bytes.length);
    }
    return all;
  }

  @Test
  void compressedBodies_thatHoldNothing() throws Exception {
    bystanders.create("/v1/models/hollow", "{\"tensors\": {\"w\": [1000]}}");
    byte[] frames = chunk(repeated(Zstd.compress(new byte[0]), 7000));
    byte[] skippable = {0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0};
    byte[] skipped = chunk(repeated(skippable, 7000));
    byte[] blocks = chunk(repeated(new byte[] {0, 0, 0, -1, -1}, 12_000));
    String zstd = upload("hollow", "mallory", "Content-Encoding: zstd");
    String gzip = upload("hollow", "mallory", "Content-Encoding: gzip");
    String gzipHead = latin1(chunk(new byte[] {0x1f, (byte) 0x8b, 8, 0, 0, 0, 0, 0, 0, 0}));
    var number = new AtomicInteger();
    bystanders
        .during(
            "compressed bodies that hold nothing",
            6,
            () -> {
              switch (number.getAndIncrement() % 3) {
                case 0 -> pour(zstd, frames, UNBOUNDED);
                case 1 -> pour(zstd, skipped, UNBOUNDED);
                default -> pour(gzip + gzipHead, blocks, UNBOUNDED);
              }
            })
        .areServed();
  }

  @Test
  void refusedBodies_withoutEnd() throws Exception {
    byte[] piece = chunk(filled(60_000, 'x'));
    var number = new AtomicInteger();
    bystanders
        .during(
            "refused bodies without end",
            4,
            () -> {
              String token = number.getAndIncrement() % 2 == 0 ? "mallory" : "nobody";
              pour(upload("none", token), piece, UNBOUNDED);
            })
        .areServed();
  }

  @Test
  void chunks_thatCarryNearlyNothing() throws Exception {
    bystanders.create("/v1/models/crumbs", "{\"tensors\": {\"w\": [25000]}}");
    byte[] crumbs = repeated("1\r\n\0\r\n".getBytes(ISO_8859_1), 10_000);
    bystanders
        .during("chunks of one byte", 4, () -> pour(upload("crumbs", "mallory"), crumbs, UNBOUNDED))
        .othersAreServed();
  }

  @Test
  void requests_oneBehindTheOther() throws Exception {
    byte[] requests = repeated(mallory("GET /v1/models").getBytes(ISO_8859_1), 1000);
    bystanders
        .during("requests one behind the other", 4, () -> pour("", requests, UNBOUNDED))
        .areServed();
  }

  @Test
  void idleConnections_asManyAsThereMayBe() throws Exception {
    bystanders
        .during(
            "idle connections",
            4,
            () -> {
              Socket first = bystanders.connect();
              for (int i = 0; i < CONNECTIONS; i++) {
                bystanders.connect();
              }
              first.getInputStream().read(); // until it gives way
            })
        .areServed();
  }
}
