package io.fedstep.wire;

import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.quota.PeerConnections;
import jakarta.servlet.ServletException;
import java.io.EOFException;
import java.io.IOException;
import java.time.Duration;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ValveBase;
import org.apache.coyote.ActionCode;

/**
 * The limits before every request: refuses requests while too many connections are open, keeps
 * bodies from addresses that take none, gives up on slow bodies, and drops the rest of a refused
 * body, so that its sender reads the answer.
 */
final class LimitValve extends ValveBase {
  /** Bytes of a POST: only the actuator's, where an operator exposed more of it, have a body. */
  private static final long MOST_POSTED = 64 * 1024;

  /** What is dropped of a body where none is taken, for those that send one out of habit. */
  private static final long MOST_UNASKED = 64 * 1024;

  private static final Duration LONGEST_UNASKED = Duration.ofSeconds(2);

  private final WireLimits limits;
  private final PeerConnections peers;

  LimitValve(WireLimits limits, PeerConnections peers) {
    super(true);
    this.limits = limits;
    this.peers = peers;
  }

  @Override
  public void invoke(Request request, Response response) throws IOException, ServletException {
    org.apache.coyote.Request body = request.getCoyoteRequest();
    var http = (HttpProtocol) request.getConnector().getProtocolHandler();
    long most = mostRead(request);
    var rated =
        new MinimumRateInput(
            body.getInputBuffer(), most, limits.leastRate(), limits.headTime(), System::nanoTime);
    body.setInputBuffer(rated);
    boolean crowded = http.isCrowded();
    boolean greedy = peers.refuses(request.getPeerAddr());
    boolean unasked = crowded || greedy || (most <= MOST_POSTED && !body.isFinished());
    if (unasked) {
      response.setHeader("Connection", "close");
    }
    try {
      if (!HeaderValve.hasHead(response) || !(crowded || greedy) || isProbe(request)) {
        getNext().invoke(request, response);
      } else {
        refuse(response, crowded ? crowd() : share(request.getPeerAddr()));
      }
      if (!body.isFinished()) {
        response.finishResponse();
        if (!drop(body, rated, unasked, http)) {
          body.action(ActionCode.DISABLE_SWALLOW_INPUT, null);
          response.getCoyoteResponse().action(ActionCode.CLOSE_NOW, new EOFException());
        }
      }
    } finally {
      Exchange.of(request).close();
      body.setInputBuffer(rated.whole());
    }
  }

  /**
   * Bytes of a body that an address may read; addresses that take a body have limits of their own.
   */
  private static long mostRead(Request request) {
    String method = request.getMethod();
    if (Body.comesWith(method)) {
      String path = request.getRequestURI(); // null where the container could read none
      boolean isUpload = path != null && path.contains("/uploads/");
      return "PATCH".equals(method) && !isUpload ? 0 : Long.MAX_VALUE;
    }
    return "POST".equals(method) ? MOST_POSTED : 0;
  }

  /** What is answered even now: an orchestrator is to know that the server lives. */
  private static boolean isProbe(Request request) {
    String path = request.getDecodedRequestURI();
    return (path.endsWith("/actuator/health/liveness")
            || path.endsWith("/actuator/health/readiness"))
        && (request.getMethod().equals("GET") || request.getMethod().equals("HEAD"));
  }

  private static void refuse(Response response, Refusal refusal) throws IOException {
    Refusal later = refusal.retryAfter(2);
    Problems.write(response.getResponse(), later, later.problem().status());
  }

  private Refusal crowd() {
    return Refusal.of(
        Problem.NOT_READY,
        "%s connections are open (fedstep.limits.connections); try again shortly."
            .formatted(limits.connections()));
  }

  private Refusal share(String peer) {
    return Refusal.of(
        Problem.TOO_MANY_REQUESTS,
        "'%s' has more than %s connections open, its share (fedstep.limits.share) of %s."
            .formatted(peer, peers.most(), limits.connections()));
  }

  private boolean drop(
      org.apache.coyote.Request body, MinimumRateInput rated, boolean unasked, HttpProtocol http) {
    if (body.hasExpectation()) { // it is not sent once there is an answer
      return false;
    }
    long most = http.getMaxSwallowSize() < 0 ? Long.MAX_VALUE : http.getMaxSwallowSize();
    Duration time = unasked ? LONGEST_UNASKED : limits.dropTime();
    return Sendfile.withReadTimeout(
        time,
        () ->
            rated.drop(
                unasked ? Math.min(MOST_UNASKED, most) : most,
                time,
                () -> !unasked && http.isCrowded()));
  }
}
