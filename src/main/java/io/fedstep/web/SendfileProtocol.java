package io.fedstep.web;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import java.time.Duration;
import org.apache.coyote.AbstractProcessor;
import org.apache.coyote.http11.Http11NioProtocol;
import org.apache.tomcat.util.net.NioChannel;
import org.apache.tomcat.util.net.NioEndpoint;
import org.apache.tomcat.util.net.SocketEvent;
import org.apache.tomcat.util.net.SocketProcessorBase;
import org.apache.tomcat.util.net.SocketWrapperBase;

/** HTTP/1.1 over connections that {@link Sendfile} serves. */
public final class SendfileProtocol extends Http11NioProtocol {
  private static final long LOOK_MILLIS = 500;

  /** What Tomcat has for the time of a request of which nothing has come yet. */
  private static final long NOT_BEGUN = -1;

  private volatile Duration headTime = Duration.ofSeconds(20);

  /** Called by Tomcat, by name. */
  public SendfileProtocol() {
    super(new Endpoint());
  }

  private static final class Endpoint extends NioEndpoint {
    @Override
    protected SocketProcessorBase<NioChannel> createSocketProcessor(
        SocketWrapperBase<NioChannel> connection, SocketEvent event) {
      return new SocketProcessor(connection, event) {
        @Override
        protected void doRun() {
          Sendfile.serve(socketWrapper, super::doRun);
        }
      };
    }
  }

  /** Closes connections whose request's head has not come whole in that time. */
  void limitHeads(Duration time) {
    headTime = time;
  }

  @Override
  public void start() throws Exception {
    super.start();
    var _ =
        getUtilityExecutor()
            .scheduleWithFixedDelay(this::closeSlowHeads, LOOK_MILLIS, LOOK_MILLIS, MILLISECONDS);
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

  /** Connections that are open. */
  long connections() {
    return getEndpoint().getConnectionCount();
  }
}
