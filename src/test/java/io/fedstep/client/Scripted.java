package io.fedstep.client;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * A server that answers each request by the next bytes of a script, for what a real one never does.
 */
final class Scripted implements AutoCloseable {
  /** An answer that breaks off: then the connection is over. */
  @SuppressWarnings("ArrayRecordComponent") // not compared
  record Answer(byte[] bytes, boolean isLast) {}

  final List<String> requests = new CopyOnWriteArrayList<>();
  final List<String> fields = new CopyOnWriteArrayList<>();
  private final Queue<Answer> script = new ConcurrentLinkedQueue<>();
  private final ServerSocket listener;

  Scripted(Answer... answers) throws IOException {
    script.addAll(Arrays.asList(answers));
    listener = new ServerSocket(0, 9, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().start(this::run);
  }

  /** One that goes on after it. */
  static Answer reply(String status, String body, String... fields) {
    return new Answer(
        bytes("1.1 " + status, body.getBytes(ISO_8859_1), length(body.length(), fields)), false);
  }

  /** One of these bytes, after which the connection is over. */
  static Answer last(String versionAndStatus, byte[] body, String... fields) {
    return new Answer(bytes(versionAndStatus, body, fields), true);
  }

  private static String[] length(int length, String... fields) {
    String[] all = Arrays.copyOf(fields, fields.length + 1);
    all[fields.length] = "Content-Length: " + length;
    return all;
  }

  static byte[] bytes(String start, byte[] body, String... fields) {
    byte[] head =
        ("HTTP/" + start + "\r\n" + String.join("\r\n", fields) + "\r\n\r\n").getBytes(ISO_8859_1);
    byte[] all = Arrays.copyOf(head, head.length + body.length);
    System.arraycopy(body, 0, all, head.length, body.length);
    return all;
  }

  URI uri() {
    return URI.create("http://127.0.0.1:" + listener.getLocalPort());
  }

  private void run() {
    while (!listener.isClosed()) {
      try (Socket socket = listener.accept()) {
        var in = new BufferedInputStream(socket.getInputStream());
        while (answer(in, socket.getOutputStream())) {}
      } catch (IOException e) {
        // the client hung up, or the test is over
      }
    }
  }

  /** Whether the connection goes on. */
  private boolean answer(InputStream in, OutputStream out) throws IOException {
    String line = line(in);
    if (line.isEmpty()) {
      return false;
    }
    requests.add(line.replaceFirst(" HTTP/1.1$", ""));
    int length = 0;
    for (String field = line(in); !field.isEmpty(); field = line(in)) {
      fields.add(field);
      if (field.toLowerCase(Locale.ROOT).startsWith("content-length:")) {
        length = Integer.parseInt(field.substring(15).strip());
      }
    }
    in.readNBytes(length);
    Answer next = script.poll();
    if (next == null) {
      return false;
    }
    out.write(next.bytes);
    out.flush();
    return !next.isLast;
  }

  private static String line(InputStream in) throws IOException {
    var line = new StringBuilder();
    for (int one = in.read(); one >= 0 && one != '\n'; one = in.read()) {
      line.append((char) one);
    }
    return line.toString().stripTrailing();
  }

  @Override
  public void close() throws IOException {
    listener.close();
  }
}
