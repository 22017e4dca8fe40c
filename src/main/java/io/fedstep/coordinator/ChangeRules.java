package io.fedstep.coordinator;

import io.fedstep.aggregate.Aggregator;
import io.fedstep.model.KeepBest;
import io.fedstep.model.ModelSpec;
import io.fedstep.model.RoundPolicy;
import io.fedstep.model.SpecRule;
import io.fedstep.model.UpdateBound;
import io.fedstep.optim.OptiModule;
import io.fedstep.optim.Optimizer;
import io.fedstep.optim.StateEntry;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.round.Round;
import io.fedstep.store.ModelHead;
import io.fedstep.store.Reports;
import io.fedstep.store.Tags;
import io.fedstep.store.Version;
import io.fedstep.store.VersionInfo;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** What an administrator may change of a model as it is; what may not be is thrown. */
public final class ChangeRules {
  private final ModelState state;

  /** The rules for a model. */
  public ChangeRules(ModelState state) {
    this.state = state;
  }

  /** Checks that the newest version is the one that the caller takes it to be. */
  public void checkNewest(Expected expected) {
    VersionInfo info = state.folder().newest().info();
    if (expected.base() != null && !expected.base().equals(info.base())) {
      throw otherTag(info).exception();
    }
    long newest = info.version();
    if (expected.version() != null && expected.version() != newest) {
      throw Refusal.of(
              Problem.VERSION_DIFFERS,
              "The newest version is %s, not %s.".formatted(newest, expected.version()))
          .with("newest", newest)
          .exception();
    }
  }

  /** The refusal of a change that was meant for another version than the newest. */
  public static Refusal otherTag(VersionInfo newest) {
    return Refusal.of(
        Problem.PRECONDITION_FAILED,
        "The newest version's tag is \"%s\", which If-Match does not name."
            .formatted(newest.base()));
  }

  /** Checks that the first weights may be set, or were: the same ones again are no change. */
  public boolean checkWeightsAllowed() {
    if (!isSet(state.folder().version(0))) {
      checkNotStarted();
    }
    return true;
  }

  /** Version 0 if these are its weights already, or null. */
  public @Nullable VersionInfo firstWeights(String digest) {
    Version first = state.folder().version(0);
    return first != null && isSet(first) && first.info().digest().equals(digest)
        ? first.info()
        : null;
  }

  private static boolean isSet(@Nullable Version first) {
    return first != null && first.info().madeBy() == VersionInfo.MadeBy.WEIGHTS;
  }

  /** Checks that nothing has trained from the first weights, and that they are zeros. */
  public void checkNotStarted() {
    if (state.folder().newest().info().madeBy() != VersionInfo.MadeBy.CREATED
        || state.round().hasMessages()) {
      throw Refusal.of(
              Problem.ALREADY_STARTED,
              "Model '%s' already has weights or updates; its first weights are set once, before."
                  .formatted(state.model()))
          .exception();
    }
  }

  /** Checks that a version is kept. */
  public void checkVersion(long version) {
    if (state.folder().version(version) == null) {
      throw NotFound.version(state.model(), version).exception();
    }
  }

  /** Checks that a report may be kept beside those of others, by client. */
  public void checkReport(Command.Report report, Map<String, ?> others) {
    checkVersion(report.version());
    Refusal heavy = BoundRules.ofWeight(state.spec().updateBound(), report.report().weight());
    if (heavy != null) {
      throw heavy.exception();
    }
    if (others.size() >= Reports.MOST_CLIENTS && !others.containsKey(report.client())) {
      throw Refusal.of(
              Problem.TOO_MANY_REQUESTS,
              "Version %s has reports of %s clients, as many as are kept."
                  .formatted(report.version(), Reports.MOST_CLIENTS))
          .retryAfter(1)
          .exception();
    }
  }

  /** Checks that the open round may be closed by hand. */
  public void checkClose() {
    ModelStatus status = state.status();
    if (status.phase() == Phase.STOPPED) {
      throw Refusal.of(
              Problem.TRAINING_STOPPED,
              "Training of model '%s' is stopped; start it to close a round."
                  .formatted(state.model()))
          .exception();
    }
    int least = state.quorum().least();
    int there = status.answers().getLast();
    if (there < least) {
      throw tooFew(
          "Round %s has %s updates; %s are needed to close it."
              .formatted(status.round(), there, least),
          there,
          least);
    }
    List<String> unopened = state.secrets().unopened(state.round());
    if (!unopened.isEmpty()) {
      throw tooFew(
          "The answers in round %s do not open the secrets of %s; more are needed to close it."
              .formatted(status.round(), unopened),
          there,
          least);
    }
  }

  private static RuntimeException tooFew(String detail, int there, int least) {
    return Refusal.of(Problem.TOO_FEW_UPDATES, detail)
        .with("updates", there)
        .with("min_updates", least)
        .exception();
  }

  /** Checks that a policy lets all stay in the open round who have joined it. */
  void checkMembers(RoundPolicy policy) {
    Round round = state.round();
    if (round.course().isStaged() && round.stage() == 0 && round.answers(0) > policy.maxUpdates()) {
      throw Refusal.of(
              Problem.BAD_SPEC,
              "In 'round': max_updates is %s; round %s has %s members already."
                  .formatted(policy.maxUpdates(), round.number(), round.answers(0)))
          .exception();
    }
  }

  /** Checks what is asked of new policies alone; those that are stored stay as they are. */
  static void checkNew(RoundPolicy policy) {
    for (SpecRule<RoundPolicy> rule : RoundPolicy.NEW_RULES) {
      String wrong = rule.broken().apply(policy);
      if (wrong != null) {
        throw Refusal.of(Problem.BAD_SPEC, "In 'round': %s.".formatted(wrong)).exception();
      }
    }
  }

  /** A head with another round policy. */
  public static ModelHead with(ModelHead head, RoundPolicy policy) {
    if (!policy.equals(head.spec().round())) {
      checkNew(policy);
    }
    if (head.spec().isPrivate() && policy.participation() != head.spec().round().participation()) {
      throw Refusal.of(
              Problem.BAD_SPEC,
              "In 'round': participation stays %s in a model with privacy, whose rounds are paid for"
                      .formatted(head.spec().round().participation())
                  + " by it.")
          .exception();
    }
    return with(head, "round", spec -> spec.with(policy));
  }

  /** A head with another rule of aggregation. */
  static ModelHead with(ModelHead head, Aggregator aggregator) {
    return with(head, "aggregator", spec -> spec.with(aggregator));
  }

  /** A head with another bound on updates, or without one. */
  static ModelHead bounded(ModelHead head, @Nullable UpdateBound bound) {
    return with(head, "update_bound", spec -> spec.bounded(bound));
  }

  /** A head whose best version is known by other means, or not chosen. */
  static ModelHead keeping(ModelHead head, @Nullable KeepBest best) {
    ModelHead next = with(head, "keep_best", spec -> spec.keeping(best));
    return best == null ? next.with(next.tags().chosenNoMore()) : next;
  }

  /** A head's tags with one more, or one that is elsewhere. */
  Tags tagged(ModelHead head, String tag, long version) {
    checkByHand(head, tag);
    checkVersion(version);
    Tags next = head.tags().with(tag, version);
    if (next.versions().size() > Tags.MOST && !head.tags().versions().containsKey(tag)) {
      throw Refusal.of(
              Problem.TOO_MANY_TAGS,
              "Model '%s' has %s tags, as many as there may be; remove one first."
                  .formatted(head.model(), Tags.MOST))
          .exception();
    }
    return next;
  }

  /** A head's tags without one. */
  Tags untagged(ModelHead head, String tag) {
    checkByHand(head, tag);
    if (!head.tags().versions().containsKey(tag)) {
      throw Refusal.of(
              Problem.TAG_NOT_FOUND, "Model '%s' has no tag '%s'.".formatted(head.model(), tag))
          .exception();
    }
    return head.tags().without(tag);
  }

  private static void checkByHand(ModelHead head, String tag) {
    if (head.spec().keepBest() != null && tag.equals(Tags.BEST)) {
      throw Refusal.of(
              Problem.TAG_RESERVED,
              "The tag 'best' goes by keep_best; PUT keep-best with null ends that.")
          .exception();
    }
  }

  /** A head with another spec, if what is new there goes with the rest. */
  private static ModelHead with(ModelHead head, String key, UnaryOperator<ModelSpec> change) {
    try {
      return head.with(change.apply(head.spec()));
    } catch (IllegalArgumentException e) { // such as a rule that needs more updates
      throw Refusal.of(Problem.BAD_SPEC, "In '%s': %s.".formatted(key, e.getMessage())).exception();
    }
  }

  /** A head with other hyper-parameters for the same modules. */
  public static ModelHead with(ModelHead head, Optimizer optimizer) {
    List<String> modules = names(head.spec().optimizer());
    if (!modules.equals(names(optimizer))) {
      throw Refusal.of(
              Problem.BAD_SPEC,
              "The model's modules are %s; only their hyper-parameters can be replaced."
                  .formatted(modules))
          .exception();
    }
    if (!states(head.spec().optimizer()).equals(states(optimizer))) {
      throw Refusal.of(
              Problem.BAD_SPEC,
              "With these hyper-parameters (amsgrad) the modules' state has other vectors.")
          .exception();
    }
    return head.with(head.spec().with(optimizer));
  }

  private static List<String> names(Optimizer optimizer) {
    return optimizer.modules().stream().map(OptiModule::name).toList();
  }

  private static List<List<StateEntry>> states(Optimizer optimizer) {
    return optimizer.modules().stream().map(OptiModule::state).toList();
  }
}
