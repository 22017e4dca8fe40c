package io.fedstep.local;

import io.fedstep.coordinator.Command;
import io.fedstep.coordinator.Deadline;
import io.fedstep.coordinator.ModelChanges;
import io.fedstep.coordinator.ModelMachine;
import io.fedstep.coordinator.ModelState;
import io.fedstep.coordinator.Outcome;
import io.fedstep.round.Decision;
import io.fedstep.store.Reports;
import io.fedstep.store.VersionDraft;
import io.fedstep.store.VersionInfo;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Decides about an administrator's commands on the model's thread. */
record LocalChanges(
    ModelState state, ModelMachine machine, Stepper stepper, Deadline deadline, Mailbox mailbox)
    implements ModelChanges.Decider {
  @Override
  public VersionDraft draft() {
    return state.folder().draft();
  }

  @Override
  public @Nullable VersionInfo ask(Command command, @Nullable VersionDraft draft) {
    return mailbox.ask(() -> Optional.ofNullable(obey(command, draft))).orElse(null);
  }

  private @Nullable VersionInfo obey(Command command, @Nullable VersionDraft draft) {
    return switch (machine.decide(command, state.engine().clock().instant())) {
      case Outcome.Known(var version) -> version;
      case Outcome.Waits _ ->
          throw new IllegalStateException("a close is one command with its step");
      case Outcome.Changes(var head) -> {
        if (state.stopped() && !head.stoppedAt(state.round().number())) {
          stepper.resume();
        }
        state.folder().save(head);
        adjust();
        yield null;
      }
      case Outcome.Keeps(var report) -> {
        Reports reports = state.folder().reports(report.version());
        state
            .notes()
            .leftOut(report.report(), reports.put(report.client(), report.report()).metrics());
        state.notes().reported(report.version(), state.folder()::reported);
        state.notes().reported(report.version(), report.client(), report.report());
        yield null;
      }
      case Outcome.Ends(var end) -> {
        stepper.endAndStep(end);
        state.checkRoom();
        yield end instanceof Decision.Closed ? state.folder().newest().info() : null;
      }
      case Outcome.Replaces(var by) -> stepper.replace(by, draft);
    };
  }

  /** The policy or the phase was changed: what it asks for happens at once. */
  private void adjust() {
    state.change(deadline::set);
    state.findRecent();
    stepper.settle();
  }
}
