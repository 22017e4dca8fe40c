package io.fedstep.web;

import io.fedstep.coordinator.Coordinator;
import io.fedstep.model.Name;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import jakarta.servlet.http.HttpServletRequest;

/**
 * Notes which updates were refused, and why. A request without the right to send updates does not
 * come here; one that names no round or client is no update.
 */
final class RefusedUpdates {
  private final Coordinator coordinator;

  RefusedUpdates(Coordinator coordinator) {
    this.coordinator = coordinator;
  }

  /** A part that comes at another place, or for an upload that is gone, is no update. */
  private static boolean isOfUpdate(String method, String pattern, Problem problem) {
    return switch (method) {
      case "PUT" -> pattern.equals(UpdateController.PATH) && problem != Problem.UPDATE_EXISTS;
      case "PATCH" ->
          pattern.equals(ResumableController.PATH)
              && problem != Problem.TOO_SLOW
              && problem != Problem.OFFSET_DIFFERS
              && problem != Problem.UPLOAD_NOT_FOUND;
      default -> false;
    };
  }

  /** Notes a refusal if it is of an update. */
  void note(HttpServletRequest request, Refusal refusal, int status) {
    Address address = Address.of(request);
    String model = address.text("model");
    String round = address.text("round");
    String client = address.text("client");
    if (isOfUpdate(request.getMethod(), address.pattern(), refusal.problem())
        && model != null
        && round != null
        && client != null
        && Query.isNumber(round)
        && Name.is(client)) {
      coordinator.refused(model, Long.parseLong(round), client, refusal, status);
    }
  }
}
