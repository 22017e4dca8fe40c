package io.fedstep.kafka;

import io.fedstep.codec.NewSpec;
import io.fedstep.coordinator.ClientFailure;
import io.fedstep.coordinator.Coordinator;
import io.fedstep.coordinator.Engine;
import io.fedstep.coordinator.Expected;
import io.fedstep.coordinator.Limits;
import io.fedstep.coordinator.ModelChanges;
import io.fedstep.coordinator.ModelState;
import io.fedstep.coordinator.NewModels;
import io.fedstep.coordinator.NotFound;
import io.fedstep.coordinator.Upload;
import io.fedstep.model.ModelSpec;
import io.fedstep.problem.Refusal;
import io.fedstep.problem.RefusedException;
import io.fedstep.round.UpdateMetadata;
import io.fedstep.store.DataFolder;
import io.fedstep.store.ModelHead;
import io.fedstep.store.ScratchFolder;
import io.fedstep.store.StorageException;
import io.fedstep.store.Version;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.apache.kafka.common.KafkaException;
import org.jspecify.annotations.Nullable;

/** All models of a cluster, at one of its processes. */
public final class KafkaCoordinator extends Coordinator {
  private final Cluster cluster;
  private final Gateway gateway;
  private final DecisionFollower follower;
  private final NewModels newModels;
  private final RangeProgress progress;
  private final Membership leads;
  private final Membership works;
  private final Clients.Watch watch;

  /**
   * Joins a cluster; returns once all is known that was decided before.
   *
   * @param data folder that all processes share
   * @param scratch folder of this process alone
   * @param incarnations gives 8 random hex digits, others each time
   */
  public KafkaCoordinator(
      ClusterSettings settings,
      DataFolder data,
      ScratchFolder scratch,
      Engine engine,
      Limits limits,
      Supplier<String> incarnations,
      ClusterMeters meters) {
    this(
        new Cluster(
            settings,
            new Topics(settings),
            new KafkaClients(settings, engine),
            data,
            scratch,
            engine,
            meters),
        limits,
        incarnations);
  }

  KafkaCoordinator(Cluster cluster, Limits limits, Supplier<String> incarnations) {
    this.cluster = cluster;
    newModels = new NewModels(limits, cluster.engine().clock(), incarnations);
    gateway = new Gateway(cluster);
    follower = new DecisionFollower(cluster, gateway);
    progress = new RangeProgress(cluster);
    join();
    watch = cluster.clients().watch(follower::isLost);
    var ranges = new WorkerPartitions(new RangeHost(cluster, follower, progress));
    leads =
        new Membership(
            cluster,
            "coordinators",
            cluster.topics().requests(),
            new LeaderPartitions(cluster, gateway.led()));
    works = new Membership(cluster, "workers", cluster.topics().chunks(), ranges);
    follower.whenLost(() -> { // what it decided would be by what it does not know
      leads.leave();
      works.leave();
    });
    cluster
        .meters()
        .joined(() ->
            new ClusterMeters.Share(
                leads.count(),
                works.count(),
                leads.lag(),
                works.lag(),
                follower.lag(),
                ranges.held()));
    leads.start();
    works.start();
  }

  private void join() {
    try {
      follower.start();
      new Agreement(cluster, follower).join();
    } catch (RefusedException | KafkaException | ClusterException e) {
      leave();
      throw switch (e) {
        case RefusedException refused -> new ClusterException(refused.refusal().detail(), refused);
        case KafkaException kafka ->
            new ClusterException("the brokers do not answer: " + kafka.getMessage(), kafka);
        default -> e;
      };
    }
  }

  /** Follows the decisions no more. */
  private void leave() {
    progress.close();
    follower.close();
    gateway.close();
    cluster.close();
  }

  private ClusterModel model(String name) {
    Refusal unreadable = gateway.brokenBy(name);
    if (unreadable != null) {
      throw unreadable.exception();
    }
    follower.catchUp(name);
    ClusterModel model = follower.model(name);
    if (model == null) {
      throw NotFound.model(name).exception();
    }
    return model;
  }

  @Override
  protected ModelState state(String model) {
    return model(model).state();
  }

  @Override
  protected @Nullable ModelState known(String model) {
    ClusterModel known = follower.model(model);
    return known == null ? null : known.state();
  }

  @Override
  protected Collection<ModelState> states() {
    return follower.models().stream().map(ClusterModel::state).toList();
  }

  @Override
  protected Engine engine() {
    return cluster.engine();
  }

  @Override
  public Created create(String model, NewSpec asked) {
    ModelSpec spec = asked.spec();
    follower.catchUp(model);
    if (known(model) == null) {
      NewModels.checkOneStage(engine().protocol(spec));
      NewModels.checkForSeveral(spec);
      newModels.check(spec, models().size());
    }
    ModelHead head = newModels.head(model, asked);
    var request = new Request.Create(head, cluster.placement(model, spec));
    boolean created = gateway.leaders().ask(model, request).required("created").booleanValue();
    return new Created(state(model).status(), created);
  }

  @Override
  public void delete(String model, Expected newest) {
    follower.catchUp(model);
    gateway.leaders().ask(model, new Request.Delete(newest));
  }

  @Override
  public List<String> models() {
    return states().stream().map(ModelState::model).toList();
  }

  @Override
  protected @Nullable Refusal unreadable(String model) {
    return gateway.brokenBy(model);
  }

  /** Asks the leader to keep it: all processes know of it then. */
  @Override
  protected void keep(ModelState state, ClientFailure failure) {
    var request = new Request.Failed(state.folder().head().incarnation(), failure);
    gateway.leaders().ask(state.model(), request);
  }

  @Override
  public ModelChanges changes(String model) {
    spec(model);
    ModelState state = state(model);
    return new ModelChanges(state, new RemoteDecider(state, gateway.leaders()));
  }

  @Override
  public Upload begin(
      String model, long round, String client, @Nullable String base, @Nullable String holder) {
    return gateway.uploads().begin(model(model), round, client, base, holder);
  }

  @Override
  public Version version(String model, long number) {
    Version version = super.version(model, number);
    if (version.isGone()) { // its leader has removed it, and this process hears of that later
      throw NotFound.version(model, number).exception();
    }
    return version;
  }

  @Override
  public Map<String, Missing> missing() {
    return watch.missing();
  }

  @Override
  public Collection<UpdateMetadata> reported(String model, long version) {
    return model(model).reports(version).values();
  }

  @Override
  public long freeBytes() {
    return cluster.data().free();
  }

  /** In the shared folder: updates are elsewhere. */
  @Override
  public long neededBytes() {
    return states().stream()
        .filter(state -> state.endedBy() == null && !state.stopped())
        .mapToLong(state -> state.folder().bytesOfNext())
        .sum();
  }

  @Override
  public Refusal failure(@Nullable String model, StorageException failure) {
    return Cluster.refusal(failure);
  }

  @Override
  public void close() {
    drain();
    works.close();
    leads.close();
    watch.close();
    leave();
    engine().close();
  }
}
