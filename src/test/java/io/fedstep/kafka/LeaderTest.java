package io.fedstep.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import io.fedstep.LogLines;
import io.fedstep.codec.Json;
import io.fedstep.coordinator.ChangeRules;
import io.fedstep.coordinator.Engine;
import io.fedstep.coordinator.Expected;
import io.fedstep.coordinator.Limits;
import io.fedstep.coordinator.Listener;
import io.fedstep.coordinator.ModelChanges;
import io.fedstep.coordinator.ModelState;
import io.fedstep.coordinator.Phase;
import io.fedstep.coordinator.Scheduler;
import io.fedstep.model.RoundPolicy;
import io.fedstep.model.Synchronous;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.problem.RefusedException;
import io.fedstep.process.Brokers;
import io.fedstep.store.DataFolder;
import io.fedstep.store.Disk;
import io.fedstep.store.ModelHead;
import io.fedstep.store.ScratchFolder;
import io.fedstep.store.SimDisk;
import io.fedstep.store.Version;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.util.FileSystemUtils;
import tools.jackson.databind.node.ObjectNode;

class LeaderTest {
  private static final String FIRST = "cafe";
  private static final String SECOND = "beef";

  /** How long a process with other settings waits for others to come back. */
  private static final Duration SHORT_SESSION = Duration.ofSeconds(2);

  private static final Instant LATER = Decided.NOW.plus(Duration.ofHours(1));

  @TempDir private static Path broker;
  private static Brokers brokers;

  @TempDir private Path folder;

  /** What a broker answers that fails where nobody thought of it. */
  private final KafkaException unexpected = new KafkaException("Unhandled error in EndTxnResponse");

  @BeforeAll
  static void start() {
    brokers = Brokers.start(broker, 1);
  }

  @AfterAll
  static void close() {
    brokers.close();
  }

  @Test
  void whatWasTakenBeforeTheGroupChanged_isWrittenAfterwards() throws Exception {
    try (var engine = engine(2);
        var cluster = cluster("fedstep", engine);
        var leader = new Leader(cluster.cluster(), 0, () -> {})) {
      cluster.follower().start();
      ConsumerGroupMetadata before;
      try (Consumer<String, byte[]> member = member(cluster)) {
        before = member.groupMetadata();
      }
      try (Consumer<String, byte[]> member = member(cluster)) {
        ConsumerGroupMetadata now = member.groupMetadata();
        leader.run(List.of(request(3, creation(FIRST))), before);
        assertThat(knows(cluster, FIRST)).isFalse();
        assertThat(leader.hasEvents()).isTrue();
        leader.run(List.of(), now);
        await().until(() -> knows(cluster, FIRST));
        assertThat(opened(cluster)).as("by the leader's clock").isEqualTo(LATER);
        assertThat(leader.hasEvents()).isFalse();
        assertThat(committed(cluster)).isEqualTo(4);

        ObjectNode deletion = Json.object().put("kind", "delete");
        leader.run(List.of(request(4, deletion), request(5, creation(SECOND))), before);
        leader.run(List.of(request(6, creation(SECOND))), before);
        assertThat(committed(cluster)).isEqualTo(4);
        leader.run(List.of(), now);
        await().until(() -> knows(cluster, SECOND));
        assertThat(committed(cluster)).isEqualTo(7);
      }
    }
  }

  private static Instant opened(Bystander cluster) {
    ModelState state = Objects.requireNonNull(cluster.follower().model(Decided.M)).state();
    assertThat(state.folder().head().createdAt()).isEqualTo(state.round().openedAt());
    return state.round().openedAt();
  }

  @Test
  void modelsWithoutDecisions_goOnWithAnEmptyRound_andOneWarning() throws Exception {
    try (var engine = engine(2)) {
      try (var cluster = cluster("before", engine);
          var leader = new Leader(cluster.cluster(), 0, () -> {});
          Consumer<String, byte[]> member = member(cluster)) {
        leader.run(List.of(request(0, creation(FIRST))), member.groupMetadata());
      }
      try (var log = LogLines.of(ModelFolders.class);
          var cluster = cluster("after", engine)) {
        new Leader(cluster.cluster(), 0, () -> {}).close();
        assertThat(log.lines())
            .containsExactly(
                "WARN model wide has its versions in the shared folder, and Kafka knows nothing of it: it"
                    + " goes on at version 0 with an empty round; updates that were in it have to be"
                    + " sent again");
      }
    }
  }

  @Test
  void settingsOfTheCluster_areThoseOfTheProcessesThatRun() {
    try (var engine = engine(2);
        var other = engine(3);
        var cluster = cluster("agreed", engine);
        var late = cluster("agreed", new Disk(), "late", other, SHORT_SESSION)) {
      cluster.follower().start();
      late.follower().start();
      cluster.agreement().join();
      cluster.agreement().join();
      try (Consumer<String, byte[]> member = member(cluster)) {
        assertThatThrownBy(() -> late.agreement().join())
            .isInstanceOf(ClusterException.class)
            .hasMessageStartingWith("fedstep.keep-versions is 3 here and 2 in the cluster: give");
        assertThat(member.assignment()).isNotEmpty();
      }
      assertThat(cluster.follower().isLost()).isFalse();
      late.agreement().join(); // nobody is there to differ from
      await().until(() -> cluster.follower().isLost());
      assertThat(late.follower().isLost()).isFalse();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void decisionWithAnUnexpectedAnswer_isLookedForAgain(boolean isWritten) {
    var attempts = new AtomicInteger();
    try (var engine = engine(2);
        var cluster =
            cluster("odd-" + isWritten, engine)
                .failing(() -> attempts.incrementAndGet() == 1 ? unexpected : null, isWritten)) {
      cluster.follower().start();
      cluster.agreement().join();
      assertThat(cluster.follower().settings()).isNotNull();
      assertThat(attempts).hasValue(isWritten ? 1 : 2);
    }
  }

  @Test
  void brokersThatWriteNoDecision_endTheStart() {
    var quick = new Soon(Scheduler.platform(), 1000);
    try (var engine = new Engine(() -> LATER, quick, Listener.NONE, limits(2));
        var cluster = cluster("never", engine).failing(() -> unexpected, false)) {
      cluster.follower().start();
      assertThatThrownBy(() -> cluster.agreement().join()).isSameAs(unexpected);
    }
  }

  @Test
  void looks_leaveNothingInTheLog() {
    try (var log = LogLines.of("org.apache.kafka.clients.consumer", Level.WARN);
        var engine = engine(2);
        var cluster = cluster("quiet", engine)) {
      cluster.follower().start();
      for (int look = 0; look < 5; look++) {
        cluster.follower().catchUp(Decided.M);
      }
      assertThat(log.lines()).isEmpty();
    }
  }

  /** The next leader goes on with the share that the round has come to. */
  @Test
  void modelWhoseFolderIsGone_isToldOfOnce_withWhatToDo_andCanBeDeleted() throws Exception {
    Path gone = folder.resolve("data/models").resolve(Decided.M);
    try (var engine = engine(2)) {
      try (var cluster = cluster("gone", engine);
          var leader = new Leader(cluster.cluster(), 0, () -> {});
          Consumer<String, byte[]> member = member(cluster)) {
        ModelState state = created(cluster, leader, member);
        Version zeros = Objects.requireNonNull(state.folder().version(0));
        try (var _ = new Leading(leader, member)) {
          changes(cluster, state).restore(zeros, Expected.ANY);
        }
      }
      FileSystemUtils.deleteRecursively(gone);
      String why = gone + "/versions is corrupt: expected version 1, found no folder of it";
      try (var log = LogLines.of("io.fedstep.kafka", Level.WARN);
          var cluster = cluster("gone", engine)) {
        cluster.follower().start();
        try (var leader = new Leader(cluster.cluster(), 0, () -> {});
            Consumer<String, byte[]> member = member(cluster)) {
          assertThat(log.lines())
              .containsExactly(
                  "ERROR model wide cannot be read: "
                      + why
                      + ". Put what is named back, from a back-up, and restart the processes one"
                      + " after the other; or DELETE the model",
                  "ERROR model wide is not led: " + why);
          assertThat(cluster.gateway().brokenBy(Decided.M)).isNotNull();
          ObjectNode deletion = Json.object().put("kind", "delete");
          leader.run(List.of(request(2, deletion)), member.groupMetadata());
          await().until(() -> cluster.gateway().brokenBy(Decided.M) == null);
        }
        assertThat(log.lines()).hasSize(2);
      }
    }
  }

  @Test
  void deadlinesThatPassed_areKnownToTheNextLeader() {
    var policy = new RoundPolicy(2, 2, Duration.ofMillis(100), null, 0.01, new Synchronous());
    try (var engine = engine(2);
        var cluster = cluster("sampled", engine);
        Consumer<String, byte[]> member = member(cluster)) {
      cluster.follower().start();
      ConsumerGroupMetadata group = member.groupMetadata();
      double left;
      try (var leader = new Leader(cluster.cluster(), 0, () -> {})) {
        ObjectNode creation = creation(ChangeRules.with(Decided.head(FIRST), policy));
        leader.run(List.of(request(0, creation)), group);
        awaitShare(cluster, leader, group, 0.04);
        left = share(cluster);
      }
      try (var leader = new Leader(cluster.cluster(), 0, () -> {})) {
        awaitShare(cluster, leader, group, 2 * left);
        assertThat(share(cluster)).isIn(2 * left, 4 * left, 1.0);
      }
    }
  }

  /** Until then a share is never smaller than it was. */
  private static void awaitShare(
      Bystander cluster, Leader leader, ConsumerGroupMetadata group, double share) {
    var last = new AtomicReference<Double>(share(cluster));
    await()
        .until(() -> {
          leader.run(List.of(), group);
          double now = share(cluster);
          assertThat(now).isGreaterThanOrEqualTo(last.getAndSet(now));
          return now >= share;
        });
  }

  private static double share(Bystander cluster) {
    ClusterModel model = cluster.follower().model(Decided.M, FIRST);
    return model == null ? 0 : model.state().participation();
  }

  /** As on one machine: nobody waits for the room, and what was decided is done once there is. */
  @Test
  void withoutRoomForAVersion_changesAreRefused() throws Exception {
    var soon = new Soon(Scheduler.platform(), 1);
    SimDisk disk = SimDisk.in(folder.resolve("disk"), new Random(1));
    try (var engine = new Engine(() -> LATER, soon, Listener.NONE, limits(2));
        var cluster = cluster("full", disk.disk(), "disk/data", engine, SHORT_SESSION);
        var leader = new Leader(cluster.cluster(), 0, () -> {});
        Consumer<String, byte[]> member = member(cluster)) {
      ModelState state = created(cluster, leader, member);
      ModelChanges changes = changes(cluster, state);
      try (var _ = new Leading(leader, member)) {
        disk.fail(SimDisk.Fault.FULL, Version.WEIGHTS);
        Version zeros = Objects.requireNonNull(state.folder().version(0));
        Refusal decided = refusal(() -> changes.restore(zeros, Expected.ANY));
        assertThat(decided.problem()).isEqualTo(Problem.NOT_READY);
        assertThat(decided.detail()).startsWith("This is decided, and waits: There is no room");
        awaitStorageFull(changes::stop);
        awaitStorageFull(() -> changes.setState(changes.beginState(), Expected.ANY));
        disk.heal();
        await().until(() -> state.status().newest().version() == 1);
        assertThat(changes.stop().phase()).isEqualTo(Phase.STOPPED);
      }
    }
  }

  /** Asks again where a busy leader answers too late for so short a session. */
  private static void awaitStorageFull(ThrowingCallable change) {
    await()
        .until(() -> {
          Problem problem = refusal(change).problem();
          assertThat(problem).isIn(Problem.STORAGE_FULL, Problem.NOT_READY);
          return problem == Problem.STORAGE_FULL;
        });
  }

  /** Has a leader create the model, which the follower knows then. */
  private static ModelState created(
      Bystander cluster, Leader leader, Consumer<String, byte[]> member) {
    cluster.follower().start();
    leader.run(List.of(request(0, creation(FIRST))), member.groupMetadata());
    await().until(() -> knows(cluster, FIRST));
    return state(cluster);
  }

  private static ModelState state(Bystander cluster) {
    return Objects.requireNonNull(cluster.follower().model(Decided.M, FIRST)).state();
  }

  private static ModelChanges changes(Bystander cluster, ModelState state) {
    return new ModelChanges(state, new RemoteDecider(state, cluster.gateway().leaders()));
  }

  /** Has a leader take what comes, until it is closed. */
  private static final class Leading implements AutoCloseable {
    private final AtomicBoolean over = new AtomicBoolean();
    private final Thread thread;

    Leading(Leader leader, Consumer<String, byte[]> member) {
      thread =
          Thread.ofPlatform()
              .start(() -> {
                while (!over.get()) {
                  List<ConsumerRecord<String, byte[]>> asked = new ArrayList<>();
                  member.poll(Duration.ofMillis(10)).forEach(asked::add);
                  leader.run(asked, member.groupMetadata());
                }
              });
    }

    @Override
    public void close() {
      over.set(true);
      Monitor.join(thread);
    }
  }

  private static Refusal refusal(ThrowingCallable call) {
    return ((RefusedException) Objects.requireNonNull(catchThrowable(call))).refusal();
  }

  /** Does at once what would be done in a while, by a clock that is so many times too quick. */
  private record Soon(Scheduler scheduler, int speed) implements Scheduler {
    @Override
    public Thread thread(String name, Runnable work) {
      return scheduler.thread(name, work);
    }

    @Override
    public Future<?> after(Duration delay, Runnable alarm) {
      return scheduler.after(Duration.ofMillis(Math.min(50, delay.toMillis())), alarm);
    }

    @Override
    public long nanos() {
      return speed * scheduler.nanos();
    }

    @Override
    public void close() {
      scheduler.close();
    }
  }

  private static Engine engine(int keepVersions) {
    return new Engine(() -> LATER, Listener.NONE, limits(keepVersions));
  }

  private static Limits limits(int keepVersions) {
    return new Limits(keepVersions, 2, 9, 9, 9, 9, 9, 1);
  }

  private Bystander cluster(String prefix, Engine engine) {
    return cluster(prefix, new Disk(), "data", engine, Duration.ofSeconds(10));
  }

  private Bystander cluster(
      String prefix, Disk disk, String data, Engine engine, Duration sessionTimeout) {
    var settings =
        new ClusterSettings(brokers.bootstrap(), prefix, 1, 1, sessionTimeout, "here", Map.of());
    return Bystander.of(
        new Cluster(
            settings,
            new Topics(settings),
            new KafkaClients(settings, engine),
            DataFolder.shared(disk, folder.resolve(data)),
            new ScratchFolder(disk, folder),
            engine,
            ClusterMeters.NONE));
  }

  /** A process that neither leads nor computes. */
  private record Bystander(Cluster cluster, Gateway gateway, DecisionFollower follower)
      implements AutoCloseable {
    static Bystander of(Cluster cluster) {
      var gateway = new Gateway(cluster);
      return new Bystander(cluster, gateway, new DecisionFollower(cluster, gateway));
    }

    /** The same, whose commits fail so, after they were done or without. */
    Bystander failing(Supplier<@Nullable KafkaException> failures, boolean isDone) {
      return of(
          new Cluster(
              cluster.settings(),
              cluster.topics(),
              failingClients(cluster.clients(), failures, isDone),
              cluster.data(),
              cluster.scratch(),
              cluster.engine(),
              cluster.meters()));
    }

    Agreement agreement() {
      return new Agreement(cluster, follower);
    }

    @Override
    public void close() {
      follower.close();
      gateway.close();
      cluster.close();
    }
  }

  private static Clients failingClients(
      Clients clients, Supplier<@Nullable KafkaException> failures, boolean isDone) {
    return around(
        Clients.class,
        clients,
        (_, call) -> {
          Object made = call.call();
          return made instanceof Producer<?, ?> producer
              ? around(
                  Producer.class,
                  producer,
                  (method, inner) -> {
                    KafkaException failure =
                        method.equals("commitTransaction") ? failures.get() : null;
                    Object answer = failure == null || isDone ? inner.call() : null;
                    if (failure != null) {
                      throw failure;
                    }
                    return answer;
                  })
              : made;
        });
  }

  private interface Around {
    @Nullable Object call(String method, Callable<@Nullable Object> call) throws Exception;
  }

  private static <T> T around(Class<T> type, T inner, Around around) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (_, method, arguments) ->
                around.call(method.getName(), () -> method.invoke(inner, arguments))));
  }

  private static ConsumerRecord<String, byte[]> request(long offset, ObjectNode request) {
    return new ConsumerRecord<>(
        "fedstep.requests", 0, offset, Decided.M, MessageJson.write(request));
  }

  private static ObjectNode creation(String incarnation) {
    return creation(Decided.head(incarnation));
  }

  private static ObjectNode creation(ModelHead head) {
    ObjectNode request = Json.object().put("kind", "create");
    request.set("head", head.write());
    request.set("placement", new Placement(1, 0, 1).write());
    return request;
  }

  private static Consumer<String, byte[]> member(Bystander cluster) {
    Consumer<String, byte[]> member = cluster.cluster().clients().member("coordinators");
    member.subscribe(List.of(cluster.cluster().topics().requests()));
    while (member.assignment().isEmpty()) {
      member.poll(Duration.ofMillis(100));
    }
    return member;
  }

  private static boolean knows(Bystander cluster, String incarnation) {
    return cluster.follower().model(Decided.M, incarnation) != null;
  }

  private static long committed(Bystander cluster) throws Exception {
    String bootstrap = cluster.cluster().settings().brokers();
    try (var admin =
        Admin.create(Map.of(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, bootstrap))) {
      Map<TopicPartition, OffsetAndMetadata> offsets =
          admin
              .listConsumerGroupOffsets(
                  "fedstep-coordinators", new ListConsumerGroupOffsetsOptions().requireStable(true))
              .partitionsToOffsetAndMetadata()
              .get();
      return Objects.requireNonNull(offsets.get(new TopicPartition("fedstep.requests", 0)))
          .offset();
    }
  }
}
