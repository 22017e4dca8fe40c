package io.fedstep.client;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** A client's updates to a secure model, one round after the other. */
final class SecureContributions {
  private static final System.Logger LOG = System.getLogger("io.fedstep.client");

  /**
   * What may come of a stage when the round went on without this client, or has an earlier life of
   * it among its members.
   */
  private static final Set<String> OVER =
      Set.of(
          "round-closed",
          "round-not-open",
          "round-not-found",
          "base-differs",
          "roster-differs",
          "update-differs");

  private final Exchange exchange;
  private final Versions model;
  private final String path;
  private final String name;
  private final Participation part;
  private final SafetyRules.Told told;
  private final Metrics metrics = new Metrics();
  private boolean warned;

  SecureContributions(
      Exchange exchange,
      Versions model,
      String path,
      String name,
      Participation part,
      SafetyRules.Told told) {
    this.exchange = exchange;
    this.model = model;
    this.path = path;
    this.name = name;
    this.part = part;
    this.told = told;
  }

  /** Whether a model is secure, by what the caller or the server has said of it so far. */
  boolean isTold(JsonNode described) {
    told.note(name, described);
    return told.isSecure(name);
  }

  /**
   * Takes part in the round of these weights: the step runs while others join.
   *
   * @return whether there is an update of this client; a round that is not safe is sat out
   * @throws UnsafeException for a model that can never be trained safely
   */
  boolean contribute(Weights weights, JsonNode described, LocalStep step)
      throws IOException, InterruptedException {
    if (!described.path("secure").isObject()) {
      told.checkPlain(name);
    }
    if (part.encoding() != null || part.download() != null) {
      throw new IllegalArgumentException(
          "%s is secure: its weights come whole, and no update is encoded".formatted(model));
    }
    SecureSettings settings = SecureSettings.of(described);
    told.note(name, described);
    told.checkNoise(name, settings);
    var member =
        new SecureMember(new RoundStart(name, weights), part.client(), settings, part.pinned());
    var stages = new SecureStages(exchange, model, path, weights.version(), part);
    try {
      boolean isSent =
          isDone(weights, Level.INFO, () -> send(member, stages, settings, weights, step));
      if (isSent) {
        isDone(weights, Level.DEBUG, () -> reveal(member, stages)); // or enough others have
      }
      return isSent;
    } finally {
      member.forget();
    }
  }

  /** A part of a round. */
  private interface Stage {
    boolean run() throws IOException, InterruptedException;
  }

  /** Whether a part of a round was done: it may not be safe, or the round over. */
  private boolean isDone(Weights weights, Level over, Stage stage)
      throws IOException, InterruptedException {
    String round = Long.toString(weights.version());
    try {
      return stage.run();
    } catch (UnsafeException e) {
      LOG.log(Level.WARNING, "round {0} of {1} is sat out: {2}", round, model, e);
    } catch (SecureStages.OverException e) {
      LOG.log(over, "round {0} of {1} is over here: {2}", round, model, e);
    } catch (RefusedByServer e) {
      if (!OVER.contains(e.code())) {
        throw e;
      }
      LOG.log(over, "round {0} of {1} is over here: {2}", round, model, e);
    }
    return false;
  }

  /** Answers what opens the sum. */
  private static boolean reveal(SecureMember member, SecureStages stages)
      throws IOException, InterruptedException {
    stages.put("unmasking", member.reveal(stages.get("unmasking")), "");
    return true;
  }

  /** Whether an update was sent. */
  private boolean send(
      SecureMember member,
      SecureStages stages,
      SecureSettings settings,
      Weights weights,
      LocalStep step)
      throws IOException, InterruptedException {
    try (ExecutorService beside = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<?> sharing =
          beside.submit(() -> {
            share(member, stages);
            return null;
          });
      try {
        Update update = step.run(weights);
        if (update == null || update.weight() == 0) {
          return false;
        }
        if (!update.isPlain()) {
          throw new IllegalArgumentException(
              "%s is secure: no update of it is encoded or partial".formatted(model));
        }
        SecureStream stream = stream(update, settings, weights);
        await(sharing);
        stages.putMasked(member.update(stream), member.updateQuery());
        return true;
      } finally {
        sharing.cancel(true);
      }
    }
  }

  private static void share(SecureMember member, SecureStages stages)
      throws IOException, InterruptedException {
    stages.put("members", member.join(), "");
    stages.put("shares", member.share(stages.roster()), member.query());
    member.open(stages.get("shares"));
  }

  private SecureStream stream(Update update, SecureSettings settings, Weights weights) {
    for (String metric : update.metrics().keySet()) {
      if (!settings.metrics().contains(metric)) {
        metrics.leaveOut(metric, "the sum of this secure model has no place for it");
      }
    }
    var stream = new SecureStream(update, settings, weights.bytes().length);
    if (stream.cut() > 0) {
      LOG.log(
          warned ? Level.INFO : Level.WARNING,
          "{0} of {1} values are beyond the model''s clip of {2} and cut to it",
          Long.toString(stream.cut()),
          Integer.toString(stream.size()),
          Double.toString(settings.clip()));
      warned = true;
    }
    return stream;
  }

  private static void await(Future<?> sharing) throws IOException, InterruptedException {
    try {
      sharing.get();
    } catch (ExecutionException e) {
      @Nullable Throwable cause = e.getCause();
      switch (cause) {
        case IOException failed -> throw failed;
        case InterruptedException interrupted -> throw interrupted;
        case null, default -> throw new IllegalStateException(cause);
      }
    }
  }
}
