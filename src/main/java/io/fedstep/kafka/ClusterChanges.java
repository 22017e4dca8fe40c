package io.fedstep.kafka;

import io.fedstep.codec.Json;
import io.fedstep.codec.OptimizerCodec;
import io.fedstep.codec.PolicyCodec;
import io.fedstep.codec.RecordCodec;
import io.fedstep.coordinator.ChangeRules;
import io.fedstep.coordinator.Expected;
import io.fedstep.coordinator.ModelChanges;
import io.fedstep.coordinator.ModelState;
import io.fedstep.coordinator.ModelStatus;
import io.fedstep.model.RoundPolicy;
import io.fedstep.optim.Optimizer;
import io.fedstep.problem.Problem;
import io.fedstep.problem.RefusedException;
import io.fedstep.round.RoundRecord;
import io.fedstep.round.UpdateHeader;
import io.fedstep.store.Version;
import io.fedstep.store.VersionDraft;
import io.fedstep.store.VersionInfo;
import java.util.Objects;
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
  public VersionInfo restore(Version version, Expected newest) {
    version.verify(); // what is decided has to be done
    ObjectNode request = Wire.expected(newest).put("from", version.info().version());
    return VersionInfo.of(ask("restore", request));
  }

  @Override
  public VersionDraft beginState() {
    return state.folder().sharedDrafts().fresh();
  }

  @Override
  public VersionInfo setState(VersionDraft draft, Expected newest) {
    return handOver(draft, "state", Wire.expected(newest));
  }

  /** The leader goes on with a draft; unless it says no, that may be at any time. */
  private VersionInfo handOver(VersionDraft draft, String kind, ObjectNode request) {
    draft.force();
    draft.leave(true);
    try {
      return VersionInfo.of(ask(kind, request.put("draft", draft.name())));
    } catch (RefusedException e) {
      draft.leave(e.refusal().problem() == Problem.NOT_READY);
      throw e;
    }
  }

  @Override
  public VersionDraft beginWeights() {
    state.look(new ChangeRules(state)::checkWeightsAllowed);
    return state.folder().sharedDrafts().fresh();
  }

  @Override
  public VersionInfo setWeights(VersionDraft draft) {
    return handOver(draft, "weights", Json.object().put("digest", draft.weightsDigest()));
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
