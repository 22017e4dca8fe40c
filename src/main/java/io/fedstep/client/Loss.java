package io.fedstep.client;

import java.io.EOFException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.http.HttpConnectTimeoutException;
import java.util.Map;
import java.util.Objects;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** What a broken connection means. */
final class Loss {
  private static final Map<String, String> HINTS =
      Map.of(
          "PKIX", "Options.tls takes an SSLContext that trusts the server's authority",
          "certificate_required", "the server asks for a certificate: Options.tls",
          "bad_certificate", "the server may ask for a certificate: Options.tls",
          "handshake_failure", "the server may ask for a certificate: Options.tls",
          "SSL message", "no TLS is spoken there; is it http://?");

  private Loss() {}

  /** Whether another try would end in the same way. */
  static boolean isFinal(IOException lost) {
    return lost instanceof FinalLossException;
  }

  /** Whether the server, or somebody on the way to it, may have seen the request. */
  static boolean isSent(IOException lost) {
    return !(isFinal(lost)
        || lost instanceof ConnectException
        || lost instanceof HttpConnectTimeoutException);
  }

  /** The loss, by what may help where it is TLS that cannot work. */
  static IOException of(IOException lost) {
    SSLException tls = find(SSLException.class, lost);
    if (tls == null || find(EOFException.class, lost) != null) {
      return lost;
    }
    String why = Objects.requireNonNullElse(tls.getMessage(), "TLS");
    String hint =
        HINTS.entrySet().stream()
            .filter(known -> why.contains(known.getKey()))
            .map(known -> " (" + known.getValue() + ")")
            .findFirst()
            .orElse("");
    return new FinalLossException(why + hint, lost);
  }

  private static <T extends Throwable> @Nullable T find(Class<T> type, @Nullable Throwable in) {
    if (in == null) {
      return null;
    }
    return type.isInstance(in) ? type.cast(in) : find(type, in.getCause());
  }

  /** A loss that no other try mends. */
  static final class FinalLossException extends IOException {
    private static final long serialVersionUID = 1L;

    FinalLossException(String message, @Nullable Throwable cause) {
      super(message, cause);
    }
  }
}
