package io.fedstep.wire;

import io.fedstep.store.FileRange;
import io.fedstep.store.VersionBytes;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.function.BooleanSupplier;
import org.apache.catalina.Globals;
import org.apache.catalina.connector.ClientAbortException;
import org.apache.tomcat.util.net.NioChannel;
import org.apache.tomcat.util.net.SocketWrapperBase;
import org.jspecify.annotations.Nullable;

/**
 * Sends files without copying them, on the request's own thread. Tomcat would have one thread send
 * all files of all connections: with many of them that takes 1.3 times as long.
 */
final class Sendfile {
  private static final ScopedValue<SocketWrapperBase<NioChannel>> CONNECTION =
      ScopedValue.newInstance();

  /** Bytes that are waited with until a connection takes more: the container's write buffer. */
  private static final int PIECE = 16 * 1024;

  /**
   * From here on files are sent without copying; copying 16 KiB is 1.1 times as fast, 64 KiB 0.7.
   */
  private static final int LEAST = 32 * 1024;

  private static final int COPIED_PIECE = 64 * 1024;

  private Sendfile() {}

  /** Handles what came over a connection: requests that may have files sent. */
  static void serve(SocketWrapperBase<NioChannel> connection, Runnable requests) {
    ScopedValue.where(CONNECTION, connection).run(requests);
  }

  /** The socket of the request that this thread serves, or null where that is not known. */
  static @Nullable SocketChannel channel() {
    return CONNECTION.isBound() ? CONNECTION.get().getSocket().getIOChannel() : null;
  }

  /** Does something that reads from this request's connection, and waits at most so long for it. */
  static boolean withReadTimeout(Duration most, BooleanSupplier reading) {
    SocketWrapperBase<NioChannel> connection = CONNECTION.get();
    long before = connection.getReadTimeout();
    long millis = Math.max(most.toMillis(), 1);
    connection.setReadTimeout(before > 0 ? Math.min(before, millis) : millis);
    try {
      return reading.getAsBoolean();
    } finally {
      connection.setReadTimeout(before);
    }
  }

  /**
   * Sends the head, whose length is that of the part, and the part as the answer's body: of a file
   * without copying it, where that pays and the connection can.
   */
  static void send(
      VersionBytes bytes, ByteRange part, HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    if (part.length() >= LEAST
        && bytes instanceof FileRange file
        && CONNECTION.isBound()
        && Boolean.TRUE.equals(request.getAttribute(Globals.SENDFILE_SUPPORTED_ATTR))) {
      send(response, file, part);
    } else {
      copy(bytes, part, response.getOutputStream());
    }
  }

  /** Writes a part of some bytes, piece by piece. */
  static void copy(VersionBytes bytes, ByteRange part, OutputStream out) throws IOException {
    var piece = ByteBuffer.allocate((int) Math.min(COPIED_PIECE, part.length()));
    for (long sent = 0; sent < part.length(); sent += piece.limit()) {
      piece.clear().limit((int) Math.min(COPIED_PIECE, part.length() - sent));
      bytes.read(part.from() + sent, piece);
      out.write(piece.array(), 0, piece.limit());
    }
  }

  private static void send(HttpServletResponse response, FileRange file, ByteRange part)
      throws IOException {
    response.flushBuffer();
    SocketWrapperBase<NioChannel> connection = CONNECTION.get();
    boolean sent = false;
    try {
      send(connection, file, part);
      sent = true;
    } catch (IOException e) {
      throw new ClientAbortException(e);
    } finally {
      if (!sent) {
        connection.close(); // the rest of this body is not to be taken for the next answer
      }
    }
  }

  private static void send(SocketWrapperBase<NioChannel> connection, FileRange file, ByteRange part)
      throws IOException {
    var piece = ByteBuffer.allocate((int) Math.min(PIECE, part.length()));
    long sent = 0;
    while (true) {
      long at = part.from() + sent;
      sent += file.transferTo(at, part.length() - sent, connection.getSocket().getIOChannel());
      if (sent == part.length()) {
        return;
      }
      piece.clear().limit((int) Math.min(PIECE, part.length() - sent));
      file.read(part.from() + sent, piece);
      sent += piece.flip().remaining();
      connection.write(true, piece); // waits until the connection takes more
      connection.flush(true);
    }
  }
}
