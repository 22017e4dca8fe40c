package io.fedstep.web;

import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.problem.RefusedException;
import jakarta.servlet.ServletException;
import java.io.IOException;
import java.io.InputStream;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ValveBase;
import org.apache.coyote.ActionCode;

/**
 * Stands before everything: refuses requests while too many connections are open, gives up on slow
 * bodies, and drops what is left of a refused body, so that its sender reads the answer.
 */
final class Edge extends ValveBase {
  private final WebLimits limits;

  Edge(WebLimits limits) {
    super(true);
    this.limits = limits;
  }

  @Override
  public void invoke(Request request, Response response) throws IOException, ServletException {
    org.apache.coyote.Request body = request.getCoyoteRequest();
    var rated = new RatedInput(body.getInputBuffer(), limits.leastRate());
    body.setInputBuffer(rated);
    try {
      if (isCrowded(request)) {
        refuse(response);
      } else {
        getNext().invoke(request, response);
      }
      drop(body, rated, response);
    } finally {
      if (request.getAttribute(Body.OPEN) instanceof InputStream open) {
        open.close();
      }
      body.setInputBuffer(rated.whole());
    }
  }

  private boolean isCrowded(Request request) {
    return request.getConnector().getProtocolHandler() instanceof SendfileProtocol http
        && http.connections() > limits.connections();
  }

  private void refuse(Response response) throws IOException {
    response.setHeader("Connection", "close");
    Refusal refusal =
        Refusal.of(
                Problem.NOT_READY,
                "%d connections are open (fedstep.limits.connections); try again shortly."
                    .formatted(limits.connections()))
            .with("retry_after", 2);
    Problems.write(response.getResponse(), refusal, refusal.problem().status());
  }

  private static void drop(org.apache.coyote.Request body, RatedInput rated, Response response)
      throws IOException {
    if (body.isFinished() || body.hasExpectation()) { // which is not sent once there is an answer
      return;
    }
    response.finishResponse();
    try {
      rated.drop();
    } catch (RefusedException | IOException e) { // it does not deserve the wait
      body.action(ActionCode.DISABLE_SWALLOW_INPUT, null);
      response.getCoyoteResponse().action(ActionCode.CLOSE_NOW, e);
    }
  }
}
