package io.fedstep.bench;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.Locale;

/** A client's connection that is kept alive, costs little and drops the bodies it gets. */
final class Connection implements AutoCloseable {
  private static final String LENGTH = "\r\ncontent-length:";

  private final int port;
  private SocketChannel channel;
  private final ByteBuffer in = ByteBuffer.allocateDirect(256 * 1024);

  /** An answer: its status, and the bytes its body had. */
  record Answer(int status, long length) {
    void is(int expected) {
      if (status != expected) {
        throw new IllegalStateException("the answer is %s, not %s".formatted(status, expected));
      }
    }
  }

  Connection(int port) throws IOException {
    this.port = port;
    channel = open(port);
  }

  static SocketChannel open(int port) throws IOException {
    var address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    return SocketChannel.open(address).setOption(StandardSocketOptions.TCP_NODELAY, true);
  }

  Answer put(String path, ByteBuffer... body) throws IOException {
    return putAs("application/octet-stream", path, body);
  }

  /** Sends the masked words of a member of a secure round. */
  Answer putMasked(String path, ByteBuffer... body) throws IOException {
    return putAs("application/vnd.fedstep.masked", path, body);
  }

  /** Puts a body of another type; more fields may follow that, a line each. */
  Answer putAs(String type, String path, ByteBuffer... body) throws IOException {
    long length = 0;
    for (ByteBuffer part : body) {
      length += part.remaining();
    }
    String head =
        """
        PUT %s HTTP/1.1\r
        Host: localhost\r
        Content-Type: %s\r
        Content-Length: %s\r
        \r
        """
            .formatted(path, type, length);
    send(ByteBuffer.wrap(head.getBytes(ISO_8859_1)));
    send(body);
    return read();
  }

  Answer get(String path) throws IOException {
    return get(path, "");
  }

  /** Gets with more fields, each of which ends its line. */
  Answer get(String path, String fields) throws IOException {
    String head = "GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n".formatted(path, fields);
    send(ByteBuffer.wrap(head.getBytes(ISO_8859_1)));
    return read();
  }

  /** Sends the buffers as they are. */
  void send(ByteBuffer... parts) throws IOException {
    for (ByteBuffer part : parts) {
      while (part.hasRemaining()) {
        channel.write(part);
      }
    }
  }

  /** Waits for a byte, whatever it is. */
  void awaitByte() throws IOException {
    fill(in.clear().limit(1));
  }

  private Answer read() throws IOException {
    String head = head();
    int status = Integer.parseInt(head.substring(9, 12));
    String lower = head.toLowerCase(Locale.ROOT);
    long length = 0;
    int field = lower.indexOf(LENGTH);
    if (field >= 0) {
      int value = field + LENGTH.length();
      length = Long.parseLong(lower.substring(value, lower.indexOf('\r', value)).strip());
      for (long rest = length - in.remaining(); rest > 0; rest -= in.position()) {
        fill(in.clear());
      }
    } else if (lower.contains("\r\ntransfer-encoding: chunked")) {
      for (in.compact(); !isLastChunk(); length = in.position()) {
        fill(in);
      }
    }
    if (lower.contains("\r\nconnection: close")) { // a server may serve only so many requests
      channel.close();
      channel = open(port);
    }
    return new Answer(status, length);
  }

  /** Whether a small body in chunks has come to its end. */
  private boolean isLastChunk() {
    int end = in.position();
    return end >= 5 && in.get(end - 5) == '0' && in.get(end - 4) == '\r' && in.get(end - 1) == '\n';
  }

  /** Reads until a head is complete; what came behind it remains in the buffer. */
  private String head() throws IOException {
    in.clear();
    while (true) {
      fill(in);
      int end = endOfHead();
      if (end > 0) {
        var bytes = new byte[end];
        in.flip().get(bytes);
        return new String(bytes, ISO_8859_1);
      }
    }
  }

  private int endOfHead() {
    for (int i = 4; i <= in.position(); i++) {
      if (in.get(i - 1) == '\n' && in.get(i - 3) == '\n') {
        return i;
      }
    }
    return 0;
  }

  private void fill(ByteBuffer buffer) throws IOException {
    if (channel.read(buffer) < 0) {
      throw new EOFException("the server hung up");
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
