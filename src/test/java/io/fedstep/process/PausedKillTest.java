package io.fedstep.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

/** {@code kill -9} in the middle of an upload, again and again: it goes on where it was told. */
@Tag("slow")
class PausedKillTest {
  private static final int VALUES = 5_000_000;
  private static final int KILLS = 5;

  private final Random random = new Random(29);
  private final byte[] body = body();

  private byte[] body() {
    ByteBuffer values = ByteBuffer.allocate(VALUES * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    while (values.hasRemaining()) {
      values.putFloat(random.nextFloat());
    }
    return values.array();
  }

  @Test
  void kills_loseNoOffsetThatWasTold(@TempDir Path data) throws IOException {
    try (var server = new KilledServer(data)) {
      put(
          server,
          "/v1/models/m",
          "{\"tensors\": {\"w\": [%s]}, \"round\": {\"min_updates\": 2}}".formatted(VALUES),
          "Content-Type: application/json");
      HttpResponse<byte[]> begun =
          put(
              server,
              "/v1/models/m/rounds/0/updates/alice?weight=2",
              "",
              "Content-Type: application/octet-stream",
              "Upload-Complete: ?0",
              "Upload-Length: " + body.length);
      String upload = begun.headers().firstValue("Location").orElseThrow();
      int told = 0;
      for (int kill = 0; kill < KILLS; kill++) {
        int end = told + random.nextInt((body.length - told) / 2);
        boolean breaksBefore = kill % 2 == 1;
        send(server, upload, told, end, breaksBefore);
        if (breaksBefore) {
          told = offset(server, upload);
          assertThat(told).isEqualTo(end);
        }
        if (breaksBefore) {
          server.kill();
        }
        server.restart(() -> {});
        int offset = offset(server, upload);
        assertThat(offset).isBetween(told, end);
        told = offset;
      }
      HttpResponse<byte[]> answer = patch(server, upload, told);
      assertThat(answer.statusCode()).isEqualTo(201);
      var crc = new CRC32C();
      crc.update(body);
      assertThat(JsonMapper.shared().readTree(answer.body()).path("digest").stringValue())
          .isEqualTo("crc32c:" + HexFormat.of().toHexDigits((int) crc.getValue()));
      server.kill();
      server.restart(() -> {});
      assertThat(offset(server, upload)).isEqualTo(body.length);
      assertThat(patch(server, upload, body.length).statusCode()).isEqualTo(200);
    }
  }

  private static HttpResponse<byte[]> put(
      KilledServer server, String path, String text, String... fields) {
    HttpResponse<byte[]> answer =
        server.send(to -> request(to.uri(path), "PUT", BodyPublishers.ofString(text), fields));
    assertThat(answer.statusCode()).isEqualTo(201);
    return answer;
  }

  private static HttpRequest request(
      URI to, String method, HttpRequest.BodyPublisher body, String... fields) {
    HttpRequest.Builder request = HttpRequest.newBuilder(to).method(method, body);
    for (String field : fields) {
      String[] parts = field.split(": ", 2);
      request.header(parts[0], parts[1]);
    }
    return request.build();
  }

  private HttpResponse<byte[]> patch(KilledServer server, String upload, int from) {
    return server.send(to ->
        request(
            to.uri(upload),
            "PATCH",
            BodyPublishers.ofByteArray(body, from, body.length - from),
            "Content-Type: application/partial-upload",
            "Upload-Offset: " + from,
            "Upload-Complete: ?1"));
  }

  /** Sends the rest up to a place; the connection breaks there, or the server is killed. */
  private void send(KilledServer server, String upload, int from, int end, boolean breaks)
      throws IOException {
    URI uri = server.uri(upload);
    try (var socket = new Socket(uri.getHost(), uri.getPort())) {
      OutputStream out = socket.getOutputStream();
      out.write(
          """
          PATCH %s HTTP/1.1\r
          Host: localhost\r
          Content-Type: application/partial-upload\r
          Upload-Offset: %s\r
          Upload-Complete: ?1\r
          Content-Length: %s\r
          \r
          """
              .formatted(uri.getPath(), from, body.length - from)
              .getBytes(StandardCharsets.US_ASCII));
      out.write(body, from, end - from);
      if (breaks) {
        socket.shutdownOutput();
        drain(socket.getInputStream()); // until the server has found the end
      } else {
        server.kill();
      }
    }
  }

  private static void drain(InputStream in) throws IOException {
    in.transferTo(OutputStream.nullOutputStream());
  }

  private static int offset(KilledServer server, String upload) {
    HttpResponse<byte[]> answer =
        server.send(to -> request(to.uri(upload), "HEAD", BodyPublishers.noBody()));
    assertThat(answer.statusCode()).isEqualTo(204);
    return (int) answer.headers().firstValueAsLong("Upload-Offset").orElseThrow();
  }
}
