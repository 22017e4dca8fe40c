package io.fedstep.contract;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.http.HttpHeaders;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * One request on a socket of its own, sent in whatever pieces a test likes: half a body, a line
 * that is no HTTP. Reading is bounded in time; where writing may block, the test bounds it.
 */
final class RawRequest implements AutoCloseable {
  private static final Duration TIMEOUT = Duration.ofSeconds(40);

  /** The most of an answer that waits here; what nobody reads stays with the server. */
  private static final int RECEIVED_UNREAD = 1 << 16;

  private final Socket socket = new Socket();
  private final InputStream in;

  RawRequest(Http http) throws IOException {
    socket.setReceiveBufferSize(RECEIVED_UNREAD); // before, or else it grows
    socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), http.port()), 10_000);
    socket.setSoTimeout((int) TIMEOUT.toMillis());
    socket.setTcpNoDelay(true);
    in = new BufferedInputStream(socket.getInputStream());
  }

  /** Sends the head of a PUT. */
  RawRequest put(String path, long length, String... headers) throws IOException {
    var head = new ArrayList<String>();
    head.add("PUT " + path + " HTTP/1.1");
    head.add("Host: localhost");
    head.add("Content-Length: " + length);
    head.addAll(List.of(headers));
    return send(String.join("\r\n", head) + "\r\n\r\n");
  }

  RawRequest send(String text) throws IOException {
    return send(text.getBytes(ISO_8859_1));
  }

  RawRequest send(byte[] bytes) throws IOException {
    socket.getOutputStream().write(bytes);
    return this;
  }

  /** Sends the same byte that many times. */
  RawRequest send(char same, long count) throws IOException {
    var chunk = new byte[1 << 16];
    Arrays.fill(chunk, (byte) same);
    for (long left = count; left > 0; left -= chunk.length) {
      socket.getOutputStream().write(chunk, 0, (int) Math.min(left, chunk.length));
    }
    return this;
  }

  /** Waits until the answer begins. */
  void awaitAnswer() throws IOException {
    in.mark(1);
    assertThat(in.read()).isNotNegative();
    in.reset();
  }

  /** Reads an answer to its end; an interim one (100) ends with its head. */
  Reply read() throws IOException {
    return read(true);
  }

  /** The same; to HEAD there is no body. */
  Reply read(boolean withBody) throws IOException {
    String statusLine = line();
    int status = Integer.parseInt(statusLine.split(" ", 3)[1]);
    var fields = new TreeMap<String, List<String>>(String.CASE_INSENSITIVE_ORDER);
    for (String line = line(); !line.isEmpty(); line = line()) {
      int colon = line.indexOf(':');
      fields
          .computeIfAbsent(line.substring(0, colon), name -> new ArrayList<>())
          .add(line.substring(colon + 1).strip());
    }
    return new Reply(
        status,
        HttpHeaders.of(fields, (name, value) -> true),
        withBody ? body(status, fields) : new byte[0]);
  }

  /** Whether the server hangs up without an answer. */
  boolean isClosedByPeer() {
    try {
      return in.read() < 0;
    } catch (SocketTimeoutException e) {
      return false;
    } catch (IOException e) { // a reset
      return true;
    }
  }

  private byte[] body(int status, Map<String, List<String>> fields) throws IOException {
    if (status < 200 || status == 204 || status == 304) {
      return new byte[0];
    }
    if (fields.containsKey("Content-Length")) {
      return exactly(Integer.parseInt(fields.get("Content-Length").getFirst()));
    }
    if (!fields.containsKey("Transfer-Encoding")) {
      return in.readAllBytes();
    }
    var body = new ByteArrayOutputStream();
    for (int size = chunkSize(); size > 0; size = chunkSize()) {
      body.write(exactly(size));
      line();
    }
    line();
    return body.toByteArray();
  }

  private int chunkSize() throws IOException {
    return Integer.parseInt(line(), 16);
  }

  private byte[] exactly(int count) throws IOException {
    byte[] bytes = in.readNBytes(count);
    if (bytes.length < count) {
      throw new EOFException("the answer ends after %s of %s bytes".formatted(bytes.length, count));
    }
    return bytes;
  }

  private String line() throws IOException {
    var line = new ByteArrayOutputStream();
    for (int c = in.read(); c != '\n'; c = in.read()) {
      if (c < 0) {
        throw new EOFException("the answer ends within a line: " + line.toString(ISO_8859_1));
      }
      line.write(c);
    }
    return line.toString(ISO_8859_1).stripTrailing();
  }

  /** Hangs up, whatever is under way. */
  @Override
  public void close() throws IOException {
    socket.close();
  }
}
