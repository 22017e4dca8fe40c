package io.fedstep.kafka;

import io.fedstep.codec.Json;
import io.fedstep.codec.OptimizerCodec;
import io.fedstep.codec.PolicyCodec;
import io.fedstep.codec.RecordCodec;
import io.fedstep.coordinator.ChangeRules;
import io.fedstep.coordinator.ModelChanges;
import io.fedstep.coordinator.ModelState;
import io.fedstep.coordinator.ModelStatus;
import io.fedstep.model.RoundPolicy;
import io.fedstep.optim.Optimizer;
import io.fedstep.round.RoundRecord;
import io.fedstep.round.UpdateHeader;
import io.fedstep.store.Version;
import io.fedstep.store.VersionDraft;
import io.fedstep.store.VersionInfo;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/** An administrator's changes in a cluster: asked of the model's leader. */
final class ClusterChanges implements ModelChanges {
  private final Cluster cluster;
  private final ModelState state;

  ClusterChanges(Cluster cluster, ClusterModel model) {
    this.cluster = cluster;
    state = model.state();
  }

  private ObjectNode ask(String kind, ObjectNode request) {
    return cluster
        .follower()
        .gateway()
        .ask(state.model(), kind, request.put("incarnation", state.folder().head().incarnation()));
  }

  @Override
  public VersionInfo restore(Version version, @Nullable Long newest) {
    ObjectNode request = Json.object().put("from", version.info().version()).put("newest", newest);
    return VersionInfo.of(ask("restore", request));
  }

  @Override
  public VersionDraft beginState() {
    return state.folder().sharedDrafts().toHandOver();
  }

  @Override
  public VersionInfo setState(VersionDraft draft, @Nullable Long newest) {
    draft.force();
    ObjectNode request = Json.object().put("draft", draft.name()).put("newest", newest);
    VersionInfo made = VersionInfo.of(ask("state", request));
    draft.leave();
    return made;
  }

  @Override
  public VersionDraft beginWeights() {
    state.look(new ChangeRules(state)::checkWeightsAllowed);
    return state.folder().sharedDrafts().toHandOver();
  }

  @Override
  public VersionInfo setWeights(VersionDraft draft) {
    draft.force();
    ObjectNode request =
        Json.object().put("draft", draft.name()).put("digest", draft.weightsDigest());
    VersionInfo made = VersionInfo.of(ask("weights", request));
    return made;
  }

  @Override
  public UpdateHeader report(long version, String client, UpdateHeader report) {
    ObjectNode request = Json.object().put("version", version).put("client", client);
    request.set("report", RecordCodec.report(client, report));
    ask("report", request);
    return report;
  }

  @Override
  public RoundRecord close() {
    VersionInfo made = VersionInfo.of(ask("close", Json.object()));
    return Objects.requireNonNull(state.record(made.version() - 1));
  }

  @Override
  public ModelStatus setPolicy(RoundPolicy policy) {
    ObjectNode request = Json.object();
    request.set("policy", PolicyCodec.write(policy));
    return change("policy", request);
  }

  @Override
  public ModelStatus setOptimizer(Optimizer optimizer) {
    ObjectNode request = Json.object();
    request.set("optimizer", OptimizerCodec.write(optimizer));
    return change("optimizer", request);
  }

  @Override
  public ModelStatus stop() {
    return change("stop", Json.object());
  }

  @Override
  public ModelStatus start() {
    return change("start", Json.object());
  }

  private ModelStatus change(String kind, ObjectNode request) {
    ask(kind, request);
    return state.status();
  }
}
