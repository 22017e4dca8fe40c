package io.fedstep.client;

import java.io.IOException;
import java.time.Duration;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** A client's loop: fetch the weights, measure, train, submit, wait. */
final class Training {
  private static final System.Logger LOG = System.getLogger("io.fedstep.client");

  /** What may come of an update when the model moved on, or was put back, meanwhile. */
  private static final Set<String> OVERTAKEN =
      Set.of("round-closed", "round-not-open", "base-differs");

  /** Between two looks whether a model is there, or its training is started again. */
  private static final Duration RETURN = Duration.ofSeconds(2);

  private final Versions model;
  private final Sent sent;
  private final Participation part;
  private final LocalStep step;
  private final SecureContributions secure;
  private boolean samples;
  private boolean isSecure;
  private String evaluated = "";
  private String contributed = "";
  private String sentBefore = "";
  private String said = "";

  Training(
      Versions model, Sent sent, Participation part, LocalStep step, SecureContributions secure) {
    this.model = model;
    this.sent = sent;
    this.part = part;
    this.step = step;
    this.secure = secure;
  }

  /** Takes part until training stops, or so many updates are accepted; the newest weights. */
  Weights run() throws IOException, InterruptedException {
    Weights weights = newest();
    samples = model.currentRound().path("participation").asDouble(1) < 1;
    if (sent.hasUpdate(part.client(), weights.version())) { // in an earlier life
      sentBefore = weights.tag();
    }
    long accepted = 0;
    while (true) {
      try {
        report(weights);
        if (accepted >= part.rounds() || (weights.stopped() && !part.stays())) {
          return weights;
        }
        if (weights.stopped()) {
          weights = started(weights);
          if (weights.stopped()) {
            return weights;
          }
        }
        if (takesPart(weights)) {
          accepted++;
        }
        weights = next(weights);
      } catch (RefusedByServer e) {
        switch (e.code()) {
          case "not-invited" -> samples = true; // by a policy that is new
          case "budget-spent" -> { // for good: nothing gives a budget back
            say(System.Logger.Level.WARNING, e.problem().path("detail").asString(""));
            return weights;
          }
          case "training-stopped", "model-not-found" -> weights = newest();
          default -> throw e;
        }
      }
    }
  }

  /** The newest weights, once there is such a model, and it has any. */
  private Weights newest() throws IOException, InterruptedException {
    long end = System.nanoTime() + model.patience().toNanos();
    while (true) {
      try {
        Weights weights = model.first(part.download());
        if (weights != null) {
          isSecure = secure.isTold(model.describe());
          return weights;
        }
        awaitFirst();
        continue;
      } catch (RefusedByServer e) {
        if (!e.code().equals("model-not-found") || System.nanoTime() - end > 0) {
          throw e;
        }
      }
      say(System.Logger.Level.WARNING, "there is no model " + model + "; waiting for it");
      Thread.sleep(RETURN);
    }
  }

  /** Tells that there are no weights yet; where they may never come, this is an end or a pause. */
  private void awaitFirst() throws IOException, InterruptedException {
    say(System.Logger.Level.INFO, model + " has no weights yet; waiting for them");
    if (model.currentRound().path("phase").asString("").equals("stopped")) {
      if (!part.stays()) {
        throw new IOException("training of " + model + " was stopped before it had any weights");
      }
      Thread.sleep(RETURN);
    }
  }

  /** The newest weights, once training goes on; these where the client is in no round any more. */
  private Weights started(Weights weights) throws IOException, InterruptedException {
    Weights newest = weights;
    while (newest.stopped()) {
      JsonNode round = model.currentRound();
      boolean goesOn = !round.path("phase").asString("").equals("stopped");
      String whose = goesOn ? null : model.spent(round, part.client());
      if (whose != null) {
        say(System.Logger.Level.WARNING, "the budget of " + whose + " is spent");
        return newest;
      }
      if (goesOn) {
        newest = model.newest(part.download());
      } else {
        say(System.Logger.Level.INFO, model + " is stopped; waiting for its start");
        Thread.sleep(RETURN);
      }
    }
    return newest;
  }

  /** Other weights than these, or these once training is stopped. */
  private Weights next(Weights weights) throws IOException, InterruptedException {
    while (true) {
      Weights newer = model.after(weights, part.download());
      if (newer != null) {
        return newer;
      }
      tellProgress(model.currentRound());
    }
  }

  private void tellProgress(JsonNode round) {
    if (round.path("updates").isNull()) {
      return; // a client is not told of a private model that draws its clients
    }
    int updates = round.path("updates").asInt();
    int wanted = round.path("min_updates").asInt();
    wanted = updates < wanted ? wanted : round.path("max_updates").asInt();
    int failed = round.path("failed").asInt(0);
    say(
        failed > 0 ? System.Logger.Level.WARNING : System.Logger.Level.INFO,
        "round %s: %s of %s updates%s"
            .formatted(
                round.path("round").asString(),
                Integer.toString(updates),
                Integer.toString(wanted),
                failed > 0 ? ", " + failed + " clients failed" : ""));
  }

  /** Logs what has not just been logged. */
  private void say(System.Logger.Level level, String text) {
    if (!text.equals(said)) {
      said = text;
      LOG.log(level, text);
    }
  }

  /** Evaluates a version, once. */
  private void report(Weights weights) throws IOException, InterruptedException {
    Evaluation evaluation = part.evaluation();
    if (evaluation == null || weights.tag().equals(evaluated)) {
      return;
    }
    Evaluation.Report report = attempt(weights, evaluation::of);
    evaluated = weights.tag();
    if (report != null) {
      try {
        sent.report(part.client(), weights.version(), report);
      } catch (RefusedByServer e) {
        if (!e.code().equals("version-not-found")) { // which is no longer kept
          throw e;
        }
      }
    }
  }

  /** Whether there is a new update of this client. */
  private boolean takesPart(Weights weights) throws IOException, InterruptedException {
    if (weights.tag().equals(contributed)) {
      return false; // training was stopped and started meanwhile
    }
    if (samples && !model.becomesInvited(part.client(), weights)) {
      return false;
    }
    boolean accepted = contributes(weights);
    contributed = weights.tag();
    return accepted;
  }

  /** Whether the update of this client is in the round. */
  private boolean contributes(Weights weights) throws IOException, InterruptedException {
    if (isSecure) {
      return secure.contribute(weights, model.describe(), at -> attempt(at, step::run));
    }
    Update update = attempt(weights, step::run);
    if (update == null || update.weight() == 0) {
      return false;
    }
    try {
      sent.submit(part.client(), weights, part.encoded(update));
      return true;
    } catch (RefusedByServer e) {
      if (OVERTAKEN.contains(e.code())) {
        return false;
      }
      if (e.code().equals("update-differs") && !weights.tag().equals(sentBefore)) {
        throw new IOException(
            "another process sends as '%s': round %s of %s has an update that is not this one's"
                .formatted(part.client(), Long.toString(weights.version()), model),
            e);
      }
      if (e.code().equals("update-differs")) {
        return true;
      }
      throw e;
    }
  }

  /** A function of the caller's. */
  private interface Work<T> {
    @Nullable T on(Weights weights) throws IOException, InterruptedException;
  }

  /** Runs it; where it fails the server is told. */
  private <T> @Nullable T attempt(Weights weights, Work<T> work)
      throws IOException, InterruptedException {
    try {
      return work.on(weights);
    } catch (IOException | RuntimeException e) {
      try {
        sent.failure(part.client(), weights.version(), e, part.explains());
      } catch (IOException untold) { // a server before 0.2 has no place for it
        e.addSuppressed(untold);
      }
      throw e;
    }
  }
}
