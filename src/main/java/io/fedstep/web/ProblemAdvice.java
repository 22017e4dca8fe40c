package io.fedstep.web;

import io.fedstep.coordinator.Coordinator;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.problem.RefusedException;
import io.fedstep.store.StorageException;
import io.fedstep.wire.Exchange;
import io.fedstep.wire.Problems;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.HttpHeaders;
import org.springframework.web.ErrorResponse;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.RestControllerAdvice;
import tools.jackson.core.exc.JacksonIOException;

/** Turns whatever a controller throws into one problem document. */
@RestControllerAdvice
class ProblemAdvice {
  private static final Logger LOG = LoggerFactory.getLogger(ProblemAdvice.class);

  private final Coordinator coordinator;
  private final RefusedUpdates refused;

  ProblemAdvice(Coordinator coordinator) {
    this.coordinator = coordinator;
    refused = new RefusedUpdates(coordinator);
  }

  @ExceptionHandler
  void refused(RefusedException e, HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    answer(request, response, e.refusal());
  }

  @ExceptionHandler
  void storage(StorageException e, HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    answer(request, response, coordinator.failure(Address.of(request).text("model"), e));
  }

  @ExceptionHandler({IOException.class, UncheckedIOException.class, JacksonIOException.class})
  void unreadable(Exception e, HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    LOG.debug("a request ended early", e);
    answer(
        request,
        response,
        Refusal.of(Problem.MALFORMED, "The body ended early or could not be read."));
  }

  @ExceptionHandler
  void other(Exception e, HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    if (e instanceof ErrorResponse framework) {
      int status = framework.getStatusCode().value();
      HttpHeaders headers = framework.getHeaders();
      headers.forEach((name, values) -> values.forEach(value -> response.setHeader(name, value)));
      Problem problem = Problems.of(status);
      String detail =
          status == 404 && TrailingSlash.lacksId(request)
              ? "The client's id is missing at the end of the address."
              : framework.getBody().getDetail();
      Refusal refusal = Refusal.of(problem, detail == null ? problem.title() : detail);
      answer(request, response, refusal, status);
      return;
    }
    LOG.error("{} {} failed", request.getMethod(), request.getRequestURI(), e);
    answer(
        request,
        response,
        Refusal.of(Problem.INTERNAL, "The server has a fault; its log says more."));
  }

  private void answer(HttpServletRequest request, HttpServletResponse response, Refusal refusal)
      throws IOException {
    answer(request, response, refusal, refusal.status());
  }

  /** Notes a refusal, then answers with it: who has the answer finds it noted. */
  private void answer(
      HttpServletRequest request, HttpServletResponse response, Refusal refusal, int status)
      throws IOException {
    if (Exchange.of(request).end(refusal.problem().code())) { // no update that is in came of it
      refused.note(request, refusal, status);
    }
    Problems.write(response, refusal, status);
  }
}
