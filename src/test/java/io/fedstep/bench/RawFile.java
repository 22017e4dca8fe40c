package io.fedstep.bench;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;

/** The limit of any download where there is no C compiler: sends one file, whatever is asked. */
final class RawFile {
  private RawFile() {}

  static void main(String[] args) throws IOException {
    var file = FileChannel.open(Path.of(args[0]));
    try (var server =
        ServerSocketChannel.open()
            .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))) {
      System.out.println("port " + server.socket().getLocalPort());
      while (true) {
        SocketChannel connection = server.accept();
        Thread.ofPlatform().daemon().start(() -> serve(connection, file));
      }
    }
  }

  /** A request of this benchmark comes in one piece. */
  private static void serve(SocketChannel connection, FileChannel file) {
    var request = ByteBuffer.allocateDirect(4096);
    try (connection) {
      while (connection.read(request.clear()) > 0) {
        String head = "HTTP/1.1 200 \r\nContent-Length: %s\r\n\r\n".formatted(file.size());
        connection.write(ByteBuffer.wrap(head.getBytes(ISO_8859_1)));
        for (long at = 0; at < file.size(); ) {
          at += file.transferTo(at, file.size() - at, connection);
        }
      }
    } catch (IOException e) {
      System.err.println("a download ended: " + e);
    }
  }
}
