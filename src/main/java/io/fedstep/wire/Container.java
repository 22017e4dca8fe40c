package io.fedstep.wire;

import io.fedstep.quota.PeerConnections;
import java.net.InetAddress;
import java.util.List;
import org.apache.catalina.Context;
import org.apache.catalina.Valve;
import org.apache.catalina.connector.Connector;
import org.apache.catalina.core.StandardHost;

/** What Tomcat is told: how connections are served, and what stands before every request. */
public final class Container {
  /** The name of the protocol's class, by which Tomcat makes it. */
  public static final String PROTOCOL = HttpProtocol.class.getName();

  private static final String BUFFER = Integer.toString(64 * 1024);
  private static final String WRITE_BUFFER = Integer.toString(16 * 1024);

  private final WireLimits limits;
  private final Proxies proxies;
  private final PeerConnections peers;

  /** A container behind the proxies that {@code server.tomcat.remoteip.internal-proxies} names. */
  public Container(WireLimits limits, String internalProxies) {
    this.limits = limits;
    proxies = new Proxies(internalProxies);
    peers =
        new PeerConnections(
            (int) Math.max(1, limits.connections() * limits.share()),
            peer -> proxies.has(peer) || InetAddress.ofLiteral(peer).isLoopbackAddress());
  }

  /** Tells the connector its buffers and limits. */
  public void connect(Connector connector) {
    // a request that its head already refuses is answered before its body is asked for
    connector.setProperty("continueResponseTiming", "onRead");
    connector.setProperty("socket.appReadBufSize", BUFFER);
    connector.setProperty("socket.appWriteBufSize", WRITE_BUFFER);
    // a few more are let in, to be told that there are too many
    int most = limits.connections() + limits.connections() / 4 + 8;
    connector.setProperty("maxConnections", Integer.toString(most));
    if (connector.getProtocolHandler() instanceof HttpProtocol http) {
      http.limitHeads(limits.headTime());
      http.limitConnections(limits.connections());
      http.shareOut(peers);
    }
  }

  /** The valve before all others, some of which read the fields that it takes away. */
  public Valve forwardedFields(String addressField, String schemeField) {
    return new ForwardedValve(proxies, addressField, schemeField);
  }

  /** The valves between the container's own and the application. */
  public List<Valve> valves() {
    return List.of(new LimitValve(limits, peers), new HeaderValve());
  }

  /** Has what Tomcat answers by itself written as problem documents. */
  public static void reportProblems(Context context) {
    if (context.getParent() instanceof StandardHost host) {
      host.setErrorReportValveClass(ProblemValve.class.getName());
    }
  }
}
