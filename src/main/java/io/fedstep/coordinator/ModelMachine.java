package io.fedstep.coordinator;

import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.round.Decision;
import io.fedstep.round.Quorum;
import io.fedstep.round.Round;
import io.fedstep.round.UpdateMetadata;
import io.fedstep.store.ModelHead;
import io.fedstep.store.VersionInfo;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Decides what becomes of a model at a command, a message or a deadline, by the same rules on one
 * machine and on several. Its caller writes the decision to where decisions are kept, and then
 * applies it.
 */
public final class ModelMachine {
  private final ModelState state;
  private final ChangeRules rules;
  private final LongFunction<Map<String, UpdateMetadata>> reports;

  /**
   * The machine of a model.
   *
   * @param reports a version's reports by client
   */
  public ModelMachine(ModelState state, LongFunction<Map<String, UpdateMetadata>> reports) {
    this.state = state;
    this.reports = reports;
    rules = new ChangeRules(state);
  }

  /** Decides about a command, or throws the refusal. */
  public Outcome decide(Command command, Instant now) {
    if (needsWeights(command)) {
      state.checkWeights();
    }
    if (command instanceof Command.Report report) {
      rules.checkReport(report, reports.apply(report.version()));
      return new Outcome.Keeps(report);
    }
    if (command instanceof Command.Replace(Replacement.Weights weights, _)) {
      VersionInfo same = rules.firstWeights(weights.digest());
      if (same != null) {
        return new Outcome.Known(same);
      }
    }
    if (state.isClosing()) {
      state.checkRoom();
      return new Outcome.Waits();
    }
    ModelHead head = state.folder().head();
    return switch (command) {
      case Command.SetPolicy(var policy) -> {
        rules.checkMembers(policy);
        yield new Outcome.Changes(ChangeRules.with(head, policy));
      }
      case Command.SetOptimizer(var optimizer) ->
          new Outcome.Changes(ChangeRules.with(head, optimizer));
      case Command.SetAggregator(var aggregator) ->
          new Outcome.Changes(ChangeRules.with(head, aggregator));
      case Command.SetBound(var bound) -> new Outcome.Changes(ChangeRules.bounded(head, bound));
      case Command.SetMetadata(var metadata) -> new Outcome.Changes(head.with(metadata));
      case Command.SetKeepBest(var best) -> new Outcome.Changes(ChangeRules.keeping(head, best));
      case Command.SetTag(var tag, var version) ->
          new Outcome.Changes(head.with(rules.tagged(head, tag, version)));
      case Command.RemoveTag(var tag) -> new Outcome.Changes(head.with(rules.untagged(head, tag)));
      case Command.Stop _ -> {
        long newest = state.folder().newest().info().version();
        yield new Outcome.Changes(
            BestVersion.chosen(
                state,
                head.stop(),
                state.folder().versions(state.engine().keepVersions()),
                newest,
                reports));
      }
      case Command.Start _ when state.isSpent() -> throw spent().exception();
      case Command.Start _ -> new Outcome.Changes(head.start(state.round().number()));
      case Command.Close _ -> {
        rules.checkClose();
        yield new Outcome.Ends(end(Decision.Cause.MANUAL, now));
      }
      case Command.Replace(var by, var newest) -> replace(by, newest);
      case Command.Report _ -> throw new IllegalStateException("a report waits for nothing");
    };
  }

  private static boolean needsWeights(Command command) {
    return switch (command) {
      case Command.Close _, Command.Report _, Command.SetTag _, Command.RemoveTag _ -> true;
      case Command.Replace(var by, _) -> !(by instanceof Replacement.Weights);
      case Command.SetPolicy _,
          Command.SetOptimizer _,
          Command.SetAggregator _,
          Command.SetBound _,
          Command.SetMetadata _,
          Command.SetKeepBest _,
          Command.Stop _,
          Command.Start _ ->
          false;
    };
  }

  private Refusal spent() {
    return Refusal.of(
            Problem.BUDGET_SPENT,
            "The privacy budget of model '%s' is spent: nobody who took part can be in one more round."
                .formatted(state.model()))
        .conflicts();
  }

  private Outcome replace(Replacement by, Expected newest) {
    rules.checkNewest(newest);
    switch (by) {
      case Replacement.Restored(var from) -> rules.checkVersion(from);
      case Replacement.State _ -> {}
      case Replacement.Weights _ -> rules.checkNotStarted();
    }
    return new Outcome.Replaces(by);
  }

  private Decision end(Decision.Cause by, Instant now) {
    return state.round().end(by, state.spec().round(), now);
  }

  private Decision.Cause full() {
    return state.round().stage() == 0 ? Decision.Cause.MAX_UPDATES : Decision.Cause.ANSWERS;
  }

  /**
   * The decisions with which a message enters: itself, and the end of the stage that it fills,
   * where the answers of that need not be looked at before. Without a place for it the round is
   * abandoned. The lock is held.
   */
  public List<Decision> enter(Decision.Message message, Instant now) {
    Round round = state.round();
    Quorum quorum = state.quorum();
    if (message.count() > quorum.places()) {
      return List.of(round.abandon(Decision.Cause.MAX_UPDATES, List.of(), now));
    }
    boolean mayWait = round.course().isStaged() && round.course().isLast(round.stage());
    return mayWait || message.count() < quorum.most()
        ? List.of(message)
        : List.of(message, end(full(), now));
  }

  /**
   * The end of the stage that is under way if it is full; null while it is not, or while more
   * answers are needed and may come.
   */
  public @Nullable Decision endOfFull(Instant now) {
    if (state.isClosing() || !state.isDue()) {
      return null;
    }
    List<String> unopened = state.secrets().unopened(state.round());
    if (unopened.isEmpty()) {
      return end(full(), now);
    }
    Round round = state.round();
    return round.missing().isEmpty() ? round.abandon(Decision.Cause.ANSWERS, unopened, now) : null;
  }

  /**
   * The end of the stage whose last deadline has come; with too few messages, or answers that do
   * not open the sum, the round is abandoned.
   */
  public Decision endAtDeadline(Instant now) {
    Round round = state.round();
    boolean isEnough = round.answers(round.stage()) >= state.quorum().least();
    List<String> unopened = isEnough ? state.secrets().unopened(state.round()) : List.of();
    return isEnough && unopened.isEmpty()
        ? end(Decision.Cause.DEADLINE, now)
        : round.abandon(Decision.Cause.DEADLINE, unopened, now);
  }

  /** The refusal of a command behind too many others. */
  public static Refusal busy(String model, long waiting) {
    return Refusal.of(
            Problem.TOO_MANY_REQUESTS,
            "Model '%s' has %s changes waiting.".formatted(model, waiting))
        .retryAfter(1);
  }
}
