package io.fedstep.web;

import io.fedstep.codec.Json;
import io.fedstep.codec.SecureMessages;
import io.fedstep.coordinator.Coordinator;
import io.fedstep.coordinator.MemberRules;
import io.fedstep.coordinator.NotFound;
import io.fedstep.coordinator.SecureRound;
import io.fedstep.round.Decision;
import io.fedstep.round.SecureRounds;
import io.fedstep.secure.Join;
import io.fedstep.secure.Revealed;
import io.fedstep.wire.Body;
import io.fedstep.wire.Problems;
import jakarta.servlet.http.HttpServletRequest;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.node.ObjectNode;

/** What members of a secure round send beside their masked updates. */
@RestController
@RequestMapping("/v1/models/{model}/rounds/{round}")
class SecureController {
  private static final long MOST_JOIN = 4 * 1024;
  private static final long MOST_SHARES = 64 * 1024;
  private static final long MOST_ANSWER = 128 * 1024;

  private final Coordinator coordinator;

  SecureController(Coordinator coordinator) {
    this.coordinator = coordinator;
  }

  /** A message to a stage, and whose it is. */
  private record Message(String model, long round, String client, String stage) {}

  private Message message(String model, String roundText, String client, String stage) {
    if (coordinator.spec(Query.name("model", model)).secure() == null) {
      throw NotFound.secure(model).exception();
    }
    Query.name("client", client);
    return new Message(model, Query.number("The round", roundText), client, stage);
  }

  @PutMapping("/members/{client}")
  ResponseEntity<ObjectNode> join(
      @PathVariable String model,
      @PathVariable("round") String round,
      @PathVariable String client,
      HttpServletRequest request) {
    Query.none(request);
    Message message = message(model, round, client, SecureRounds.JOINING);
    var _ = begin(message);
    Join join = SecureMessages.join(Json.readObject(Body.json(request, MOST_JOIN)));
    return answer(
        message, join.text(), "members", open -> MemberRules.check(open, model, client, join));
  }

  @PutMapping("/shares/{client}")
  ResponseEntity<ObjectNode> share(
      @PathVariable String model,
      @PathVariable("round") String round,
      @PathVariable String client,
      HttpServletRequest request) {
    var query = new Query(request, Set.of("roster")::contains);
    Message message = message(model, round, client, SecureRounds.SHARING);
    if (begin(message) == null) {
      checkRoster(coordinator.rounds().secureRound(model, message.round()), query.text("roster"));
    }
    var body = SecureMessages.SharedBody.of(Json.readObject(Body.json(request, MOST_SHARES)));
    return answer(
        message,
        body.shared().text(),
        "shared",
        open -> MemberRules.check(open, client, body.shared(), body.shares()));
  }

  @PutMapping("/unmasking/{client}")
  ResponseEntity<ObjectNode> reveal(
      @PathVariable String model,
      @PathVariable("round") String round,
      @PathVariable String client,
      HttpServletRequest request) {
    Query.none(request);
    Message message = message(model, round, client, SecureRounds.UNMASKING);
    var _ = begin(message);
    Revealed revealed = SecureMessages.revealed(Json.readObject(Body.json(request, MOST_ANSWER)));
    return answer(message, revealed.text(), "revealed", open -> MemberRules.check(open, revealed));
  }

  /** Checks that a message names the roster that the round has. */
  static void checkRoster(SecureRound open, @Nullable String named) {
    if (named == null) {
      throw Problems.malformed("roster is needed: the digest of the round's roster.");
    }
    MemberRules.checkRoster(open, named);
  }

  private Decision.@Nullable Answered begin(Message message) {
    return coordinator.beginDocument(
        message.model(), message.round(), message.stage(), message.client());
  }

  /** Has a message decided, whose content is checked unless its client has another one there. */
  private ResponseEntity<ObjectNode> answer(
      Message message, String text, String count, Consumer<SecureRound> check) {
    if (begin(message) == null) {
      check.accept(coordinator.rounds().secureRound(message.model(), message.round()));
    }
    Coordinator.Answer answer =
        coordinator.answer(
            message.model(), message.round(), message.stage(), message.client(), text);
    return Answers.json(
        answer.repeated() ? HttpStatus.OK : HttpStatus.CREATED,
        Json.object()
            .put("model", message.model())
            .put("round", message.round())
            .put("client", message.client())
            .put(count, answer.document().answers()));
  }
}
