package io.fedstep.kafka;

import io.fedstep.coordinator.Command;
import io.fedstep.coordinator.ModelChanges;
import io.fedstep.coordinator.ModelState;
import io.fedstep.coordinator.Replacement;
import io.fedstep.problem.Problem;
import io.fedstep.problem.RefusedException;
import io.fedstep.store.Version;
import io.fedstep.store.VersionDraft;
import io.fedstep.store.VersionInfo;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/** Has a model's leader decide, in whichever process that is. */
record RemoteDecider(ModelState state, LeaderClient leaders) implements ModelChanges.Decider {
  @Override
  public VersionDraft draft() {
    return state.folder().follower().drafts().fresh();
  }

  @Override
  public @Nullable VersionInfo ask(Command command, @Nullable VersionDraft draft) {
    if (command instanceof Command.Replace(Replacement.Restored(var from), _)) {
      Version version = state.folder().version(from);
      if (version != null) {
        version.verify(); // what is decided has to be done
      }
    }
    return draft == null ? ask(command) : handOver(draft, command);
  }

  private @Nullable VersionInfo ask(Command command) {
    var change = new Request.Change(state.folder().head().incarnation(), command);
    ObjectNode answer = leaders.ask(state.model(), change);
    return answer.has("version") ? VersionInfo.of(answer) : null;
  }

  /** The leader goes on with a draft; unless it says no, that may be at any time. */
  private @Nullable VersionInfo handOver(VersionDraft draft, Command command) {
    draft.force();
    draft.leave(true);
    try {
      return ask(command);
    } catch (RefusedException e) {
      draft.leave(e.refusal().problem() == Problem.NOT_READY);
      throw e;
    }
  }
}
