package io.fedstep.web;

import io.fedstep.codec.Json;
import io.fedstep.codec.SecureMessages;
import io.fedstep.coordinator.Coordinator;
import io.fedstep.coordinator.ModelStatus;
import io.fedstep.coordinator.NotFound;
import io.fedstep.coordinator.Phase;
import io.fedstep.coordinator.SecureRound;
import io.fedstep.round.RoundRefusals;
import io.fedstep.security.Caller;
import io.fedstep.security.Rights;
import io.fedstep.security.Role;
import io.fedstep.wire.Exchange;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.function.BiPredicate;
import java.util.function.Function;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** What members of a secure round are given: the roster, their shares, what is to be opened. */
@RestController
@RequestMapping("/v1/models/{model}/rounds/{round}")
class MemberController {
  private final Coordinator coordinator;

  MemberController(Coordinator coordinator) {
    this.coordinator = coordinator;
  }

  /** Who is in the open round, and how far each has come. */
  @GetMapping("/members")
  ResponseEntity<ObjectNode> members(
      @PathVariable String model,
      @PathVariable("round") String roundText,
      HttpServletRequest request) {
    Query.none(request);
    checkSecure(model);
    long number = Query.number("The round", roundText);
    SecureRound open = coordinator.rounds().secureRound(model, number);
    SortedMap<String, String> reached = coordinator.rounds().reached(model, open.number());
    if (reached == null) {
      throw RoundRefusals.over(number, number + 1).exception();
    }
    ObjectNode json = Json.object().put("model", model).put("round", number);
    ArrayNode members = json.putArray("members");
    reached.forEach(
        (client, stage) -> members.add(Json.object().put("client", client).put("stage", stage)));
    return Answers.ok(json);
  }

  @GetMapping("/roster")
  ResponseEntity<ObjectNode> roster(
      @PathVariable String model,
      @PathVariable("round") String round,
      HttpServletRequest request,
      HttpServletResponse response) {
    Caller caller = Caller.of(request);
    return get(
        model,
        round,
        request,
        response,
        open ->
            caller.role() == Role.CLIENT
                ? open.gives(SecureRound.ROSTER, caller.id())
                : open.roster() != null,
        open -> SecureMessages.roster(open.members()));
  }

  @GetMapping("/shares/{client}")
  ResponseEntity<ObjectNode> shares(
      @PathVariable String model,
      @PathVariable("round") String round,
      @PathVariable String client,
      HttpServletRequest request,
      HttpServletResponse response) {
    Query.name("client", client);
    return get(
        model,
        round,
        request,
        response,
        open -> open.gives(SecureRound.SHARES, client),
        open -> texts("shares", open.sealedFor(client)));
  }

  @GetMapping("/unmasking/{client}")
  ResponseEntity<ObjectNode> unmasking(
      @PathVariable String model,
      @PathVariable("round") String round,
      @PathVariable String client,
      HttpServletRequest request,
      HttpServletResponse response) {
    Query.name("client", client);
    return get(
        model,
        round,
        request,
        response,
        open -> open.gives(SecureRound.UNMASKING, client),
        MemberController::asked);
  }

  private static ObjectNode asked(SecureRound open) {
    ObjectNode json = Json.object();
    open.online().forEach(json.putArray("online")::add);
    open.missing().forEach(json.putArray("missing")::add);
    Map<String, String> signatures = open.signatures();
    return signatures == null
        ? json.putNull("signatures")
        : json.setAll(texts("signatures", signatures));
  }

  private static ObjectNode texts(String key, Map<String, String> texts) {
    ObjectNode json = Json.object();
    ObjectNode inner = json.putObject(key);
    texts.forEach(inner::put);
    return json;
  }

  private void checkSecure(String model) {
    if (coordinator.spec(Query.name("model", model)).secure() == null) {
      throw NotFound.secure(model).exception();
    }
  }

  /** Whether an answer is there, or can come. */
  private interface Gives {
    boolean test(SecureRound open);
  }

  /** Answers once there is something, or with nothing when the wait is over. */
  private ResponseEntity<ObjectNode> get(
      String model,
      String roundText,
      HttpServletRequest request,
      HttpServletResponse response,
      Gives gives,
      Function<SecureRound, ObjectNode> answer) {
    Duration asked = new Query(request, Set.of("wait")::contains).waitTime();
    checkSecure(model);
    long number = Query.number("The round", roundText);
    long end = System.nanoTime() + (asked == null ? Duration.ZERO : asked).toNanos();
    while (true) {
      SecureRound open = coordinator.rounds().secureRound(model, number);
      if (gives.test(open)) {
        return Answers.ok(answer.apply(open));
      }
      Duration rest = Duration.ofNanos(end - System.nanoTime());
      if (!rest.isPositive() || !awaitsMore(model, open, rest, request, response)) {
        return new ResponseEntity<>(HttpStatus.NO_CONTENT);
      }
    }
  }

  /**
   * Waits until a round is at another stage, or over; whether that came before the time was over.
   */
  private boolean awaitsMore(
      String model,
      SecureRound open,
      Duration rest,
      HttpServletRequest request,
      HttpServletResponse response) {
    BiPredicate<ModelStatus, SecureRound> isOther =
        (now, seen) -> !now.newest().base().equals(seen.base()) || now.stageIndex() > seen.stage();
    ModelStatus status =
        coordinator.await(
            model,
            now -> isOther.test(now, open),
            rest,
            Exchange.holder(request),
            () -> Rights.check(request, response));
    return isOther.test(status, open) && status.phase() != Phase.STOPPED;
  }
}
