package io.fedstep.wire;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import io.fedstep.quota.PeerConnections;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Objects;
import org.apache.coyote.AbstractProcessor;
import org.apache.coyote.http11.Http11NioProtocol;
import org.apache.tomcat.util.net.NioChannel;
import org.apache.tomcat.util.net.NioEndpoint;
import org.apache.tomcat.util.net.SocketEvent;
import org.apache.tomcat.util.net.SocketProcessorBase;
import org.apache.tomcat.util.net.SocketWrapperBase;
import org.jspecify.annotations.Nullable;

/** HTTP/1.1 over connections that {@link Sendfile} serves. */
public final class HttpProtocol extends Http11NioProtocol {
  private static final long LOOK_MILLIS = 500;

  /** What Tomcat has for the time of a request of which nothing has come yet. */
  private static final long NOT_BEGUN = -1;

  private volatile Duration headTime = Duration.ofSeconds(20);
  private volatile @Nullable PeerConnections peers;

  /** Called by Tomcat, by name. */
  public HttpProtocol() {
    super(new Endpoint());
  }

  private static final class Endpoint extends NioEndpoint {
    private final IdleConnections idle = new IdleConnections();
    private volatile int most = Integer.MAX_VALUE;

    @Override
    protected boolean setSocketOptions(SocketChannel socket) {
      isCrowded();
      boolean taken = super.setSocketOptions(socket);
      SocketWrapperBase<NioChannel> connection = connections.get(socket);
      if (connection != null) {
        idle.addNew(connection);
      }
      return taken;
    }

    @Override
    protected SocketProcessorBase<NioChannel> createSocketProcessor(
        SocketWrapperBase<NioChannel> connection, SocketEvent event) {
      return new SocketProcessor(connection, event) {
        @Override
        protected void doRun() {
          SocketWrapperBase<NioChannel> served = socketWrapper; // Tomcat takes it away
          idle.remove(served);
          try {
            Sendfile.serve(served, super::doRun);
          } finally {
            idle.add(served);
          }
        }
      };
    }

    /** Whether too many connections are open although those that were idle gave way. */
    boolean isCrowded() {
      while (getConnectionCount() > most) {
        if (!idle.closeLongest()) {
          return true;
        }
      }
      return false;
    }
  }

  private Endpoint endpoint() {
    return (Endpoint) getEndpoint();
  }

  /** Closes idle connections while more than that many are open. */
  void limitConnections(int most) {
    endpoint().most = most;
  }

  /** Closes connections whose request's head has not come whole in that time. */
  void limitHeads(Duration time) {
    headTime = time;
  }

  /** Counts the connections of each address. */
  void shareOut(PeerConnections counted) {
    peers = counted;
  }

  @Override
  public void start() throws Exception {
    super.start();
    var _ =
        getUtilityExecutor()
            .scheduleWithFixedDelay(this::look, LOOK_MILLIS, LOOK_MILLIS, MILLISECONDS);
  }

  private void look() {
    closeSlowHeads();
    PeerConnections counted = peers;
    if (counted != null) {
      counted.look(
          getEndpoint().getConnections().stream()
              .map(SocketWrapperBase::getRemoteAddr)
              .filter(Objects::nonNull));
    }
    endpoint().idle.forgetClosed();
    isCrowded();
  }

  private void closeSlowHeads() {
    long now = System.nanoTime();
    for (SocketWrapperBase<NioChannel> one : getEndpoint().getConnections()) {
      // between two pieces of a head a connection has a processor that no thread runs
      if (one.getCurrentProcessor() instanceof AbstractProcessor waiting && !waiting.isAsync()) {
        long begun = waiting.getRequest().getStartTimeNanos();
        if (begun != NOT_BEGUN && now - begun > headTime.toNanos()) {
          one.close();
        }
      }
    }
  }

  /** Whether too many connections are open although those that were idle gave way. */
  boolean isCrowded() {
    return endpoint().isCrowded();
  }
}
