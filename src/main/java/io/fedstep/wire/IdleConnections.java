package io.fedstep.wire;

import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Set;
import org.apache.tomcat.util.net.NioChannel;
import org.apache.tomcat.util.net.NioEndpoint.NioSocketWrapper;
import org.apache.tomcat.util.net.SocketWrapperBase;

/** Connections over which nothing is asked just now, the one that is idle longest first. */
final class IdleConnections {
  private final Set<SocketWrapperBase<NioChannel>> idle = new LinkedHashSet<>();

  /** A connection that a thread serves begins to be idle once the thread is done with it. */
  synchronized void add(SocketWrapperBase<NioChannel> connection) {
    if (!connection.isClosed()) {
      idle.add(connection);
    }
  }

  /** The same of a connection that was just opened, unless it is served already. */
  void addNew(SocketWrapperBase<NioChannel> connection) {
    if (connection.getLock().tryLock()) {
      try {
        add(connection);
      } finally {
        connection.getLock().unlock();
      }
    }
  }

  synchronized void remove(SocketWrapperBase<NioChannel> connection) {
    idle.remove(connection);
  }

  /** Closes the one that is idle longest; false if there is none. */
  synchronized boolean closeLongest() {
    for (Iterator<SocketWrapperBase<NioChannel>> all = idle.iterator(); all.hasNext(); ) {
      SocketWrapperBase<NioChannel> longest = all.next();
      if (isAwaited(longest)) {
        all.remove();
        if (close(longest)) {
          return true;
        }
      }
    }
    return false;
  }

  /** Whether it is watched for a request, and none has come that no thread has taken up yet. */
  private static boolean isAwaited(SocketWrapperBase<NioChannel> connection) {
    SocketChannel channel = connection.getSocket().getIOChannel();
    return channel == null // closed
        || (channel.isRegistered()
            && connection instanceof NioSocketWrapper watched
            && (watched.interestOps() & SelectionKey.OP_READ) != 0);
  }

  private static boolean close(SocketWrapperBase<NioChannel> connection) {
    if (!connection.getLock().tryLock()) {
      return false; // it is served, and comes back when it no longer is
    }
    try {
      boolean open = !connection.isClosed();
      connection.close();
      return open;
    } finally {
      connection.getLock().unlock();
    }
  }

  /** Lets go of those that are closed. */
  synchronized void forgetClosed() {
    idle.removeIf(SocketWrapperBase::isClosed);
  }
}
