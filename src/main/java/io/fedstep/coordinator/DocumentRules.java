package io.fedstep.coordinator;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.round.Payload;
import io.fedstep.round.Stage;

/** The rules for a document, whatever the round is like at the moment. */
public final class DocumentRules {
  private DocumentRules() {}

  /** Checks that a stage takes documents, and that this one is not too large; or throws. */
  public static void check(ModelState state, String stage, String document) {
    for (Stage one : state.protocol().stages()) {
      if (one.name().equals(stage) && one.payload() instanceof Payload.Document(int mostBytes)) {
        checkSize(stage, document.getBytes(UTF_8).length, mostBytes);
        return;
      }
    }
    throw NotFound.documents(state.model(), stage).exception();
  }

  private static void checkSize(String stage, int bytes, int most) {
    if (bytes > most) {
      throw Refusal.of(
              Problem.TOO_LARGE,
              "The document has %s bytes; the stage '%s' takes %s.".formatted(bytes, stage, most))
          .with("expected", most)
          .with("actual", bytes)
          .exception();
    }
  }
}
