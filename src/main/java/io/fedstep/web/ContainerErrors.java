package io.fedstep.web;

import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.springframework.boot.webmvc.error.ErrorController;
import org.springframework.stereotype.Controller;
import org.springframework.web.bind.annotation.RequestMapping;

/** What the container hands over to the application's error page, as a problem document. */
@Controller
class ContainerErrors implements ErrorController {
  @RequestMapping("/error")
  void error(HttpServletRequest request, HttpServletResponse response) throws IOException {
    int status =
        request.getAttribute(RequestDispatcher.ERROR_STATUS_CODE) instanceof Integer code
            ? code
            : 404;
    Problems.write(response, refusal(status), status);
  }

  /** The refusal that stands for a bare status. */
  static Refusal refusal(int status) {
    Problem problem = Problems.of(status);
    return Refusal.of(
        problem,
        switch (problem) {
          case MALFORMED -> "The request is not valid HTTP, or over a limit of the server.";
          case NOT_FOUND -> "There is nothing at this address.";
          case INTERNAL -> "The server has a fault; its log says more.";
          default -> problem.title() + ".";
        });
  }
}
