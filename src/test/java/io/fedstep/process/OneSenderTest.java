package io.fedstep.process;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.Socket;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * One client, or somebody nobody knows, cannot stop the others: a real server of 256 MB, and what
 * an orchestrator and an honest client see of it while each of these goes on.
 */
class OneSenderTest {
  private static final String LIVENESS = "/actuator/health/liveness";

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

  private static byte[] chunks(byte[] of) {
    String size = "%x\r\n".formatted(of.length);
    byte[] chunk = Arrays.copyOf(size.getBytes(ISO_8859_1), size.length() + of.length + 2);
    System.arraycopy(of, 0, chunk, size.length(), of.length);
    chunk[chunk.length - 2] = '\r';
    chunk[chunk.length - 1] = '\n';
    return chunk;
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

  @Test
  void bodyWithoutEnd_whereNoneIsTaken() throws Exception {
    byte[] text = ("{\"a\": \"" + "x".repeat(60_000)).getBytes(UTF_8);
    String head =
        head("GET " + LIVENESS, "Content-Type: application/json", "Transfer-Encoding: chunked");
    byte[] piece = chunks(filled(60_000, 'x'));
    bystanders
        .during(
            "a body without end to an address that takes none",
            4,
            () -> pour(head + new String(chunks(text), ISO_8859_1), piece, 3_000_000))
        .areServed();
  }
}
