package io.fedstep.web;

import io.fedstep.codec.Json;
import io.fedstep.codec.RecordCodec;
import io.fedstep.coordinator.Coordinator;
import io.fedstep.coordinator.ModelStatus;
import io.fedstep.coordinator.NotFound;
import io.fedstep.model.ModelSpec;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.round.ControlRounds;
import io.fedstep.round.Decision;
import io.fedstep.round.RoundRecord;
import io.fedstep.security.Caller;
import io.fedstep.security.Rights;
import io.fedstep.wire.Exchange;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Rounds: the open one, and the records of those that are over. */
@RestController
@RequestMapping("/v1/models/{model}/rounds")
class RoundController {
  private static final long DEFAULT_LIMIT = 50;
  private static final long MOST = 500;

  private final Coordinator coordinator;

  RoundController(Coordinator coordinator) {
    this.coordinator = coordinator;
  }

  @GetMapping("/current")
  @Nullable ResponseEntity<ObjectNode> current(
      @PathVariable String model, HttpServletRequest request, HttpServletResponse response) {
    ModelStatus status = coordinator.durableStatus(Query.name("model", model));
    var query = new Query(request, Set.of("after", "wait", "client", "metadata")::contains);
    String client = query.text("client");
    if (client != null) {
      Query.name("client", client);
      checkMayAsk(status, client, Caller.of(request));
    }
    boolean shows = query.flag("metadata");
    Long after = query.number("after");
    Duration asked = query.waitTime();
    Duration wait = asked == null ? Duration.ZERO : asked;
    if (after != null && status.newest().version() <= after) {
      status =
          coordinator.await(
              model,
              now -> now.newest().version() > after,
              wait,
              Exchange.holder(request),
              () -> Rights.check(request, response));
    } else if (after == null && client != null && !wait.isZero() && !status.invites(client)) {
      String base = status.newest().base();
      status =
          coordinator.await(
              model,
              now -> now.invites(client) || !now.newest().base().equals(base),
              wait,
              Exchange.holder(request),
              () -> Rights.check(request, response));
    }
    DownloadController.phase(status, response);
    return after != null && status.newest().version() <= after
        ? new ResponseEntity<>(HttpStatus.NO_CONTENT)
        : Answers.ok(Answers.counts(current(status, client, shows), status.head().spec(), request));
  }

  /** Clients drawn by chance are told of themselves alone. */
  private static void checkMayAsk(ModelStatus status, String client, Caller caller) {
    if (status.head().spec().isSampled() && caller.isClientOtherThan(client)) {
      throw Refusal.of(
              Problem.FORBIDDEN,
              "'%s' may ask whether it is invited itself, not whether '%s' is."
                  .formatted(caller.id(), client))
          .exception();
    }
  }

  private static ObjectNode current(
      ModelStatus status, @Nullable String client, boolean showsMetadata) {
    ObjectNode json = Answers.currentRound(status);
    if (showsMetadata) {
      status.head().metadata().addTo(json);
    }
    return client == null ? json : json.put("invited", status.invites(client));
  }

  @GetMapping("/{round}")
  ResponseEntity<ObjectNode> get(@PathVariable String model, @PathVariable String round) {
    ModelStatus status = coordinator.durableStatus(Query.name("model", model));
    long number = Query.number("The round", round);
    if (number == status.newest().version()) {
      return Answers.ok(Answers.currentRound(status));
    }
    return Answers.ok(RecordCodec.view(model, record(model, number)));
  }

  private RoundRecord record(String model, long number) {
    RoundRecord ended = coordinator.rounds().record(model, number);
    if (ended == null) {
      throw NotFound.record(model, number).exception();
    }
    return ended;
  }

  @GetMapping
  ResponseEntity<ObjectNode> list(@PathVariable String model, HttpServletRequest request) {
    coordinator.spec(Query.name("model", model));
    var query = new Query(request, Set.of("limit", "before", "clients")::contains);
    Long before = query.number("before");
    Long limit = query.number("limit");
    int most = (int) Math.min(MOST, limit == null ? DEFAULT_LIMIT : limit);
    Long clients = query.number("clients");
    long mostClients = clients == null ? Long.MAX_VALUE : clients;
    ObjectNode json = Json.object();
    ArrayNode rounds = json.putArray("rounds");
    coordinator
        .rounds()
        .records(model, before == null ? Long.MAX_VALUE : before, most)
        .forEach(ended -> rounds.add(RecordCodec.view(model, ended, mostClients)));
    return Answers.ok(json);
  }

  @GetMapping("/{round}/updates")
  ResponseEntity<ObjectNode> updates(@PathVariable String model, @PathVariable String round) {
    ModelSpec spec = coordinator.spec(Query.name("model", model));
    long number = Query.number("The round", round);
    ControlRounds controls = coordinator.rounds().controls(model, number);
    List<Decision.Accepted> open = coordinator.rounds().open(model, number);
    if (open != null) {
      return Answers.ok(Answers.updates(spec, number, open, controls));
    }
    RoundRecord ended = record(model, number);
    return Answers.ok(Answers.updates(ended.spec(), number, ended.clients(), null));
  }

  @PostMapping("/current/close")
  ResponseEntity<ObjectNode> close(@PathVariable String model) {
    if (coordinator.spec(Query.name("model", model)).secure() != null) {
      var _ = coordinator.changes(model).endStage();
      return Answers.ok(Answers.currentRound(coordinator.durableStatus(model)));
    }
    return Answers.ok(
        RecordCodec.view(model, coordinator.changes(Query.name("model", model)).close()));
  }
}
