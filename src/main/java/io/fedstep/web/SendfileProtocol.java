package io.fedstep.web;

import java.util.concurrent.Executor;
import org.apache.coyote.http11.Http11NioProtocol;
import org.apache.tomcat.util.net.NioEndpoint.NioSocketWrapper;

/** HTTP/1.1 over connections that {@link Sendfile} serves. */
public final class SendfileProtocol extends Http11NioProtocol {
  @Override
  public void setExecutor(Executor threads) {
    super.setExecutor(connection -> threads.execute(() -> Sendfile.serve(connection)));
  }

  /** Whether a file is on its way to somebody. */
  boolean isSending() {
    return getEndpoint().getConnections().stream()
        .anyMatch(one -> one instanceof NioSocketWrapper nio && nio.getSendfileData() != null);
  }
}
