package io.fedstep.web;

import io.fedstep.store.FileRange;
import jakarta.servlet.http.HttpServletRequest;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.catalina.Globals;
import org.jspecify.annotations.Nullable;

/**
 * Has Tomcat send files without copying them. It opens a file by its name, after the controller has
 * returned and before the connection's thread goes on or ends: until then the file is held.
 */
final class Sendfile {
  private static final ScopedValue<AtomicReference<@Nullable FileRange>> HELD =
      ScopedValue.newInstance();

  private Sendfile() {}

  /** Handles what came over a connection: requests that may have files sent. */
  static void serve(Runnable connection) {
    var held = new AtomicReference<@Nullable FileRange>();
    try {
      ScopedValue.where(HELD, held).run(connection);
    } finally {
      hold(held, null);
    }
  }

  /** Releases what an earlier request over the connection had sent: that is open by now. */
  private static void hold(AtomicReference<@Nullable FileRange> held, @Nullable FileRange next) {
    FileRange before = held.getAndSet(next);
    if (before != null) {
      before.close();
    }
  }

  /** Whether a file can be sent over this request's connection. */
  static boolean isOffered(HttpServletRequest request) {
    return HELD.isBound()
        && Boolean.TRUE.equals(request.getAttribute(Globals.SENDFILE_SUPPORTED_ATTR));
  }

  /** Makes a part of the file the answer's body, and closes the file afterwards. */
  static void send(HttpServletRequest request, FileRange file, ByteRange part) {
    hold(HELD.get(), file);
    long from = file.start() + part.from();
    request.setAttribute(Globals.SENDFILE_FILENAME_ATTR, file.path());
    request.setAttribute(Globals.SENDFILE_FILE_START_ATTR, from);
    request.setAttribute(Globals.SENDFILE_FILE_END_ATTR, from + part.length());
  }
}
