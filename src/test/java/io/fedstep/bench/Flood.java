package io.fedstep.bench;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;

/** Many connections served by one thread, each sending small updates one after the other. */
final class Flood implements AutoCloseable {
  private final int port;
  private final Selector selector = Selector.open();
  private final List<Client> clients = new ArrayList<>();

  /** A connection and the request it is at; both buffers hold a whole message. */
  private static final class Client {
    private final ByteBuffer out = ByteBuffer.allocateDirect(16 * 1024);
    private final ByteBuffer in = ByteBuffer.allocateDirect(16 * 1024);
    private SocketChannel channel;

    Client(SocketChannel channel) {
      this.channel = channel;
    }

    /** A body this small fits the socket's buffer. */
    void put(String path, ByteBuffer... body) throws IOException {
      int length = 0;
      for (ByteBuffer part : body) {
        length += part.remaining();
      }
      String head =
          "PUT "
              + path
              + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/octet-stream\r\n"
              + "Content-Length: "
              + length
              + "\r\n\r\n";
      out.clear().put(head.getBytes(ISO_8859_1));
      for (ByteBuffer part : body) {
        out.put(part);
      }
      out.flip();
      while (out.hasRemaining()) {
        channel.write(out);
      }
      in.clear();
    }

    /** Reads what has come; the answer, a 201, once it is complete, and empty until then. */
    String answer() throws IOException {
      if (channel.read(in) < 0) {
        throw new EOFException("the server hung up");
      }
      var bytes = new byte[in.position()];
      in.get(0, bytes);
      String text = new String(bytes, ISO_8859_1);
      int end = text.indexOf("\r\n\r\n");
      if (end < 0) {
        return "";
      }
      if (!text.startsWith("HTTP/1.1 201")) {
        throw new IllegalStateException(text);
      }
      return isComplete(text, end + 4) ? text : "";
    }

    private static boolean isComplete(String text, int body) {
      int field = text.indexOf("Content-Length: ");
      if (field < 0) {
        return text.endsWith("\r\n0\r\n\r\n"); // in chunks
      }
      int from = field + "Content-Length: ".length();
      int length = Integer.parseInt(text, from, text.indexOf('\r', from), 10);
      return text.length() == body + length;
    }
  }

  Flood(int port, int connections) throws IOException {
    this.port = port;
    for (int i = 0; i < connections; i++) {
      var client = new Client(Connection.open(port));
      register(client);
      clients.add(client);
    }
  }

  private void register(Client client) throws IOException {
    client.channel.configureBlocking(false);
    var _ = client.channel.register(selector, SelectionKey.OP_READ, client);
  }

  private void reopen(Client client) throws IOException {
    client.channel.close();
    client.channel = Connection.open(port);
    register(client);
  }

  /**
   * Sends the first {@code count} clients' updates.
   *
   * @return the seconds from the first byte sent to the last answer
   */
  double seconds(int count, IntFunction<String> path, Gradients gradients) throws IOException {
    long started = System.nanoTime();
    int sent = 0;
    for (Client client : clients) {
      if (sent < count) {
        client.put(path.apply(sent), gradients.body(sent));
        sent++;
      }
    }
    for (int answered = 0; answered < count; ) {
      selector.select();
      for (SelectionKey key : selector.selectedKeys()) {
        var client = (Client) key.attachment();
        String answer = client.answer();
        if (!answer.isEmpty()) {
          answered++;
          if (answer.contains("Connection: close")) { // a server may serve only so many requests
            reopen(client);
          }
          if (sent < count) {
            client.put(path.apply(sent), gradients.body(sent));
            sent++;
          }
        }
      }
      selector.selectedKeys().clear();
    }
    return (System.nanoTime() - started) * 1e-9;
  }

  @Override
  public void close() throws IOException {
    for (Client client : clients) {
      client.channel.close();
    }
    selector.close();
  }
}
