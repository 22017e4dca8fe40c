package io.fedstep.web;

import io.fedstep.codec.Json;
import io.fedstep.coordinator.Coordinator;
import io.fedstep.coordinator.PrivacyAccount;
import io.fedstep.privacy.Accountant;
import io.fedstep.privacy.Calibration;
import io.fedstep.privacy.Cost;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.wire.Problems;
import jakarta.servlet.http.HttpServletRequest;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.node.ObjectNode;

/** What has been spent of a private model's budget, and what a plan would cost. */
@RestController
class PrivacyController {
  private static final double MOST_DELTA = 0.1;

  private final Coordinator coordinator;

  PrivacyController(Coordinator coordinator) {
    this.coordinator = coordinator;
  }

  @GetMapping("/v1/models/{model}/privacy")
  ResponseEntity<ObjectNode> spent(@PathVariable String model, HttpServletRequest request) {
    Query.name("model", model);
    String client =
        Query.ownClient(request, "'%s' may ask for its own account, not for that of '%s'.");
    PrivacyAccount account = coordinator.account(model, client);
    if (account == null) {
      throw Refusal.of(
              Problem.NOT_FOUND,
              "Model '%s' is not private: its spec has no privacy.".formatted(model))
          .exception();
    }
    return Answers.ok(
        cost(Json.object(), account.cost(), account.privacy().delta())
            .put("budget", account.privacy().epsilon())
            .put("rounds", account.rounds())
            .put("rounds_left", account.roundsLeft())
            .put("clip_norm", account.privacy().clipNorm()));
  }

  private static ObjectNode cost(ObjectNode json, Cost cost, double delta) {
    json.put("epsilon", cost.epsilon()).put("delta", delta).put("by", cost.by());
    return cost.order() == null ? json : json.put("order", cost.order());
  }

  @GetMapping("/v1/privacy/epsilon")
  ResponseEntity<ObjectNode> plan(HttpServletRequest request) {
    var query =
        new Query(
            request,
            Set.of("noise_multiplier", "epsilon", "rounds", "participation", "delta")::contains);
    Long rounds = query.number("rounds");
    if (rounds == null || rounds < 1 || rounds > Accountant.MOST_ROUNDS) {
      throw Problems.malformed("rounds is needed, 1 to %s.".formatted(Accountant.MOST_ROUNDS));
    }
    double delta = number(query, "delta", 0, MOST_DELTA);
    double share =
        query.text("participation") == null
            ? 1
            : number(query, "participation", 0, Math.nextUp(1.0));
    double multiplier = multiplier(query, rounds, share, delta);
    Cost cost = new Accountant(multiplier, share, delta).cost(rounds);
    ObjectNode json = cost(Json.object(), cost, delta);
    json.put("order", cost.order());
    return Answers.ok(
        json.put("noise_multiplier", multiplier).put("participation", share).put("rounds", rounds));
  }

  private static double multiplier(Query query, long rounds, double share, double delta) {
    if ((query.text("noise_multiplier") == null) == (query.text("epsilon") == null)) {
      throw Problems.malformed("Either noise_multiplier or epsilon is needed.");
    }
    if (query.text("epsilon") == null) {
      return number(
          query, "noise_multiplier", Math.nextDown(Calibration.LEAST), Double.POSITIVE_INFINITY);
    }
    double epsilon = number(query, "epsilon", 0, Double.POSITIVE_INFINITY);
    return Calibration.multiplier(epsilon, rounds, share, delta)
        .orElseThrow(() ->
            Problems.malformed("No noise_multiplier reaches the epsilon %s.".formatted(epsilon)));
  }

  /** A number between two others, which do not count. */
  private static double number(Query query, String name, double above, double below) {
    @Nullable String text = query.text(name);
    double value = text == null ? Double.NaN : Query.decimal(name, text);
    if (!(value > above && value < below)) {
      throw Problems.malformed(
          "%s is '%s'; a number above %s and below %s is needed."
              .formatted(name, text, above, below));
    }
    return value;
  }
}
