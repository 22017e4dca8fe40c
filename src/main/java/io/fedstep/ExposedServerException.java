package io.fedstep;

import java.net.InetAddress;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** The server would listen beyond this machine without authentication. */
final class ExposedServerException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  ExposedServerException(@Nullable InetAddress address) {
    super(
        "fedstep would listen on %s, where anybody who reaches it may do everything."
            .formatted(address == null ? "every address" : address.getHostAddress()));
  }

  /** Shows it at start without a stack trace, with the ways out. */
  static final class Analyzer extends AbstractFailureAnalyzer<ExposedServerException> {
    @Override
    protected FailureAnalysis analyze(Throwable root, ExposedServerException cause) {
      return new FailureAnalysis(
          cause.getMessage(),
          """
          Choose one:
            - ask who it is: fedstep.security.tokens-file names a file of tokens (docs/SECURITY.md);
            - listen on this machine only: server.address=127.0.0.1 (SERVER_ADDRESS=127.0.0.1), and put \
          a reverse proxy that authenticates, or an SSH tunnel, in front of it;
            - accept it, where only trusted clients can reach the address, such as a private container \
          network: fedstep.security.insecure=true (FEDSTEP_SECURITY_INSECURE=true).\
          """,
          cause);
    }
  }
}
