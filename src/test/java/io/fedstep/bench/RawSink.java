package io.fedstep.bench;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

/**
 * The limit of any upload: a process of its own that reads as many bytes as a connection says, 64
 * KiB at a time, drops them and answers with one byte.
 */
final class RawSink {
  private RawSink() {}

  static void main(String[] args) throws IOException {
    try (var server =
        ServerSocketChannel.open()
            .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))) {
      System.out.println("port " + server.socket().getLocalPort());
      while (true) {
        SocketChannel connection = server.accept();
        Thread.ofPlatform().daemon().start(() -> drop(connection));
      }
    }
  }

  private static void drop(SocketChannel connection) {
    var buffer = ByteBuffer.allocateDirect(64 * 1024);
    try (connection) {
      while (true) {
        buffer.clear().limit(Long.BYTES);
        while (buffer.hasRemaining()) {
          if (connection.read(buffer) < 0) {
            return;
          }
        }
        for (long rest = buffer.getLong(0); rest > 0; ) {
          buffer.clear().limit((int) Math.min(buffer.capacity(), rest));
          int read = connection.read(buffer);
          if (read < 0) {
            return;
          }
          rest -= read;
        }
        connection.write(buffer.clear().limit(1));
      }
    } catch (IOException e) {
      System.err.println("the sink lost a connection: " + e);
    }
  }
}
