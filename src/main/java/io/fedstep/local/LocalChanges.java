package io.fedstep.local;

import io.fedstep.coordinator.ChangeRules;
import io.fedstep.coordinator.Expected;
import io.fedstep.coordinator.ModelChanges;
import io.fedstep.coordinator.ModelState;
import io.fedstep.coordinator.ModelStatus;
import io.fedstep.model.RoundPolicy;
import io.fedstep.optim.Optimizer;
import io.fedstep.round.Decision;
import io.fedstep.round.RoundRecord;
import io.fedstep.round.UpdateHeader;
import io.fedstep.store.ModelFolder;
import io.fedstep.store.ModelHead;
import io.fedstep.store.Reports;
import io.fedstep.store.Version;
import io.fedstep.store.VersionDraft;
import io.fedstep.store.VersionInfo;
import java.util.Objects;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/** An administrator's changes on one machine; each runs on the model's thread. */
final class LocalChanges implements ModelChanges {
  private final ModelRunner runner;
  private final ModelState state;
  private final ChangeRules rules;
  private final ModelFolder folder;

  LocalChanges(ModelRunner runner) {
    this.runner = runner;
    state = runner.state();
    rules = new ChangeRules(state);
    folder = state.folder();
  }

  @Override
  public VersionInfo restore(Version version, Expected newest) {
    return replace(
        newest,
        VersionInfo.MadeBy.RESTORE,
        () -> {
          VersionDraft draft = folder.draft();
          draft.copyWeights(version);
          draft.copyState(version);
          return draft;
        });
  }

  @Override
  public VersionDraft beginState() {
    return folder.draft();
  }

  @Override
  public VersionInfo setState(VersionDraft draft, Expected newest) {
    return replace(
        newest,
        VersionInfo.MadeBy.STATE,
        () -> {
          draft.copyWeights(folder.newest());
          return draft;
        });
  }

  private VersionInfo replace(
      Expected expected, VersionInfo.MadeBy madeBy, Supplier<VersionDraft> filled) {
    return runner.command(() -> {
      state.checkNotClosing();
      rules.checkNewest(expected);
      try (VersionDraft draft = filled.get()) {
        return runner.stepper().discardFor(draft, madeBy);
      }
    });
  }

  @Override
  public VersionDraft beginWeights() {
    state.look(rules::checkWeightsAllowed);
    return folder.draft();
  }

  @Override
  public VersionInfo setWeights(VersionDraft draft) {
    return runner.command(() -> {
      String digest = draft.weightsDigest();
      VersionInfo same = rules.checkFirstWeights(digest);
      if (same != null) {
        return same;
      }
      return runner.stepper().setWeights(draft, digest);
    });
  }

  @Override
  public UpdateHeader report(long version, String client, UpdateHeader report) {
    return runner.command(() -> {
      rules.checkVersion(version);
      Reports reports = folder.reports(version);
      if (!reports.takes(client)) {
        throw ChangeRules.tooManyReports(version).exception();
      }
      state.leftOut(report, reports.put(client, report).metrics());
      return report;
    });
  }

  @Override
  public RoundRecord close() {
    return runner.command(() -> {
      state.checkNotClosing();
      long round = rules.checkClose();
      runner.stepper().closeAndStep(Decision.Cause.MANUAL);
      state.checkNotClosing();
      return Objects.requireNonNull(state.record(round));
    });
  }

  @Override
  public ModelStatus setPolicy(RoundPolicy policy) {
    return change(head -> ChangeRules.with(head, policy));
  }

  @Override
  public ModelStatus setOptimizer(Optimizer optimizer) {
    return change(head -> ChangeRules.with(head, optimizer));
  }

  @Override
  public ModelStatus stop() {
    return change(ModelHead::stop);
  }

  @Override
  public ModelStatus start() {
    return change(head -> head.start(folder.newest().info().version()));
  }

  private ModelStatus change(UnaryOperator<ModelHead> change) {
    return runner.command(() -> {
      state.checkNotClosing();
      folder.save(change.apply(folder.head()));
      runner.adjust();
      return state.status();
    });
  }
}
