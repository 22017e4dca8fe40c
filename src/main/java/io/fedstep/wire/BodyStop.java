package io.fedstep.wire;

import java.io.IOException;
import java.nio.channels.SocketChannel;

/** Ends the reading of a request's body from another thread. */
public final class BodyStop {
  private BodyStop() {}

  /**
   * What ends the body of the request that this thread serves: no more of it comes, so that its
   * reader fails, and the connection is closed behind the answer.
   */
  public static Runnable ofThisRequest() {
    SocketChannel channel = Sendfile.channel();
    return () -> {
      try {
        if (channel != null) {
          channel.shutdownInput();
        }
      } catch (IOException e) {
        // it is closed already
      }
    };
  }
}
