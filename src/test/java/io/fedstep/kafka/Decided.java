package io.fedstep.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.codec.Json;
import io.fedstep.codec.SpecCodec;
import io.fedstep.coordinator.ChangeRules;
import io.fedstep.coordinator.ClientFailure;
import io.fedstep.coordinator.Engine;
import io.fedstep.coordinator.ModelState;
import io.fedstep.coordinator.Replacement;
import io.fedstep.model.ModelSpec;
import io.fedstep.model.RoundPolicy;
import io.fedstep.model.Synchronous;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.round.Decision;
import io.fedstep.round.Round;
import io.fedstep.round.RoundRecord;
import io.fedstep.round.UpdateMetadata;
import io.fedstep.round.VectorSummary;
import io.fedstep.store.DataFolder;
import io.fedstep.store.ModelFolder;
import io.fedstep.store.ModelHead;
import io.fedstep.store.Unforced;
import io.fedstep.store.Version;
import io.fedstep.store.VersionDraft;
import io.fedstep.store.VersionInfo;
import java.io.ByteArrayInputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/** One model's leader's decisions, and what they come to, followed and read anew. */
final class Decided implements ModelDecisions.Writer, AutoCloseable {
  static final String M = "wide";
  static final Instant NOW = Instant.parse("2026-01-01T12:00:00Z");

  private static final int SHARDS = 3;
  private static final ReplyTo ASKER = new ReplyTo("g", 7);

  private final DataFolder data;
  private final Engine engine;
  private final Random random;
  private final Replica leader;
  private final Replica follower;
  private final List<Message> topic = new ArrayList<>();
  private int followed;

  private record Message(String key, @Nullable ObjectNode value) {
    LogEntry entry() {
      return LogEntryCodec.read(key, value);
    }
  }

  Decided(Path root, Engine engine, int seed) {
    data = DataFolder.shared(Unforced.disk(), root);
    this.engine = engine;
    random = new Random(seed);
    leader = new Replica(data, engine, false, new Replica.Watcher() {});
    follower = new Replica(data, engine, true, new Replica.Watcher() {});
  }

  Replica replica() {
    return follower;
  }

  /** The model, as its leader has it. */
  ClusterModel live() {
    return Objects.requireNonNull(leader.model(M));
  }

  private ModelState state() {
    return live().state();
  }

  @Override
  public void decide(LogEntry entry) {
    write(entry);
    leader.apply(topic.getLast().entry());
  }

  @Override
  public void write(LogEntry entry) {
    ObjectNode json = LogEntryCodec.write(entry);
    topic.add(
        new Message(entry.key(), json == null ? null : MessageJson.read(MessageJson.write(json))));
  }

  private ModelDecisions decisions() {
    return new ModelDecisions(live(), this);
  }

  // What a leader decides

  static ModelHead head(String incarnation) {
    String json =
        """
        {"tensors": {"w": [40]}, "optimizer": {"lrate": 1.0, "modules": []},
         "round": {"min_updates": 4, "mode": "buffered", "max_staleness": 2}}\
        """;
    ModelSpec spec =
        SpecCodec.read(Json.readObject(new ByteArrayInputStream(json.getBytes(UTF_8))));
    return new ModelHead(M, incarnation, NOW, spec, false, -1, "5ec7e7");
  }

  void create(String incarnation) {
    ModelHead head = head(incarnation.repeat(4));
    data.create(head);
    AddedModel.of(head, new Placement(SHARDS, 5, 12)).decide(this);
    commit();
  }

  void delete() {
    ClusterModel model = live();
    decisions().modelDeleted();
    decide(new LogEntry.Deleted(M, model.incarnation(), 0));
    decide(new LogEntry.Gone(LogEntry.OpenRound.key(M)));
    commit();
    data.delete(M, model.state().folder());
  }

  void update(String client, long staleness) {
    Round round = state().round();
    var update =
        new Decision.Accepted(
            client,
            0,
            0.5,
            new TreeMap<>(Map.of("loss", 0.1)),
            new VectorSummary("crc32c:0a0b0c0d", 2.5),
            NOW,
            round.updates() + 1,
            staleness);
    decisions().updateAccepted(update);
    commit();
  }

  void fails(String client, long round) {
    decisions().clientFailed(new ClientFailure(round, client, "ValueError", null, NOW));
    commit();
    assertThat(failed(round)).last().isEqualTo(client);
  }

  /** The clients that told for a round that they send nothing. */
  List<String> failed(long round) {
    return live().state().failures(round).stream().map(ClientFailure::client).toList();
  }

  void await(String client) {
    var update =
        new Request.Update(
            live().incarnation(),
            "upload of " + client,
            state().round().number(),
            client,
            UpdateMetadata.of(0.5, Map.of("loss", 0.1), null),
            new VectorSummary("crc32c:0a0b0c0d", 2.5),
            live().placement());
    decisions().requestWaits(new Request(update, ASKER));
    commit();
  }

  /** The clients whose requests have waited. */
  List<String> waitedEnough() {
    List<String> clients =
        decisions().releaseWaiting().stream()
            .map(request -> ((Request.Update) request.content()).client())
            .toList();
    commit();
    return clients;
  }

  void closeRound() {
    decisions().roundEnded(state().round().close(Decision.Cause.MANUAL, NOW), ASKER);
    commit();
  }

  void fail() {
    decisions().modelFailed(Refusal.of(Problem.MODEL_FAILED, "A range has no room."));
    commit();
  }

  /** As another leader does. */
  void goOn() {
    decisions().modelFailed(null);
    commit();
  }

  void range(int index, int step, boolean done) {
    decisions().rangeProgressed(index, step, done);
    commit();
  }

  void report(String client, long version) {
    decisions().reported(version, client, UpdateMetadata.of(3, Map.of("accuracy", 0.5), null));
    commit();
    assertThat(live().reports(version)).containsKey(client);
  }

  private void head(ModelHead next) {
    decisions().headChanged(next);
    commit();
    state().folder().save(next);
  }

  void policy(int least, int most) {
    head(ChangeRules.with(state().folder().head(), new RoundPolicy(least, most, null, null)));
  }

  /** The same, with a share of the clients. */
  void policy(int least, double share) {
    var policy =
        new RoundPolicy(least, least, Duration.ofMinutes(1), null, share, new Synchronous());
    head(ChangeRules.with(state().folder().head(), policy));
  }

  /** A deadline passes with too few updates. */
  void pass() {
    long policy = state().folder().head().policies();
    decisions()
        .deadlinePassed(new Decision.Passed(policy, state().round().passed(policy) + 1, NOW));
    commit();
  }

  void stop() {
    head(state().folder().head().stop());
  }

  void start() {
    head(state().folder().head().start(state().round().number()));
  }

  void replace(Replacement by) {
    decisions().roundReplaced(by, null);
    commit();
  }

  // Versions

  void made() {
    made(VersionInfo.MadeBy.ROUND, RoundRecord.Outcome.COMPLETED);
  }

  void discarded() {
    made(VersionInfo.MadeBy.RESTORE, RoundRecord.Outcome.DISCARDED);
  }

  private void made(VersionInfo.MadeBy madeBy, RoundRecord.Outcome outcome) {
    Round round = state().round();
    ModelFolder folder = state().folder();
    var over =
        new RoundRecord(
            round.number(),
            outcome,
            round.base(),
            state().spec(),
            state().participation(),
            round.openedAt(),
            round.closed(),
            NOW,
            round.inClientOrder(),
            outcome == RoundRecord.Outcome.DISCARDED ? null : (Double) 1.5,
            null);
    long number = round.number() + 1;
    begins(version(number, folder.base(number), madeBy, over), NOW);
  }

  /** Weights of an administrator, in place of the zeros. */
  void madeWeights() {
    Instant openedAt = state().round().openedAt();
    String base = state().folder().base(0) + "w";
    begins(version(0, base, VersionInfo.MadeBy.WEIGHTS, null), openedAt);
  }

  private VersionInfo version(
      long number, String base, VersionInfo.MadeBy madeBy, @Nullable RoundRecord over) {
    ModelFolder folder = state().folder();
    Version newest = folder.newest();
    try (VersionDraft draft = folder.follower().drafts().fresh()) {
      draft.copyWeights(newest);
      draft.copyState(newest);
      var info = new VersionInfo(number, madeBy, base, NOW, draft.weightsDigest());
      return folder.follower().drafts().commit(draft, info, over);
    }
  }

  private void begins(VersionInfo info, Instant openedAt) {
    decisions().roundOpened(info, openedAt);
    commit();
    state().folder().prune(engine.keepVersions() + 1, engine.keepRounds());
    compare();
  }

  // What they come to

  /** Ends a transaction: all see it. */
  private void commit() {
    for (; followed < topic.size(); followed++) {
      Message message = topic.get(followed);
      follower.apply(message.entry());
    }
    compare();
  }

  /** Whoever reads a compacted topic comes to what a follower has come to. */
  private void compare() {
    for (int i = 0; i < 3; i++) {
      Replica anew = read(new Replica.Watcher() {});
      assertThat(anew.models()).hasSameSizeAs(follower.models());
      for (ClusterModel model : anew.models()) {
        String name = model.state().model();
        assertSame(model, Objects.requireNonNull(follower.model(name)));
        model.state().folder().close();
      }
    }
  }

  /** A process that follows until now, and comes back when it runs: all between is compacted. */
  Runnable away() {
    var away = new Replica(data, engine, true, new Replica.Watcher() {});
    topic.forEach(message -> away.apply(message.entry()));
    int position = topic.size();
    return () -> {
      var last = new LinkedHashMap<String, Message>();
      topic
          .subList(position, topic.size())
          .forEach(message -> {
            last.remove(message.key());
            last.put(message.key(), message);
          });
      last.values().forEach(message -> away.apply(message.entry()));
      assertSame(Objects.requireNonNull(away.model(M)), Objects.requireNonNull(follower.model(M)));
    };
  }

  /** The keys that a topic keeps, however often it is compacted. */
  Set<String> keys() {
    var keys = new TreeSet<String>();
    for (Message message : topic) {
      if (message.value() == null) {
        keys.remove(message.key());
      } else {
        keys.add(message.key());
      }
    }
    return keys;
  }

  /** Reads what is decided from a topic that was compacted. */
  Replica read(Replica.Watcher watcher) {
    var anew = new Replica(data, engine, true, watcher);
    compacted().forEach(message -> anew.collect(message.key(), message.value()));
    anew.load();
    return anew;
  }

  /** The first part without what was superseded in it, and perhaps without deletions. */
  private List<Message> compacted() {
    int clean = random.nextInt(topic.size() + 1);
    boolean deletionsGo = random.nextBoolean();
    var last = new HashMap<String, Integer>();
    for (int i = 0; i < clean; i++) {
      last.put(topic.get(i).key(), i);
    }
    var rest = new ArrayList<Message>();
    for (int i : last.values().stream().sorted().toList()) {
      if (topic.get(i).value() != null || !deletionsGo) {
        rest.add(topic.get(i));
      }
    }
    rest.addAll(topic.subList(clean, topic.size()));
    return rest;
  }

  private static void assertSame(ClusterModel found, ClusterModel expected) {
    ModelState state = found.state();
    ModelState other = expected.state();
    assertThat(state.status()).isEqualTo(other.status());
    assertThat(state.endedBy()).isEqualTo(other.endedBy());
    assertThat(state.isClosing()).isEqualTo(other.isClosing());
    assertThat(state.round().base()).isEqualTo(other.round().base());
    assertThat(state.round().closed()).isEqualTo(other.round().closed());
    assertThat(state.round().inClientOrder()).isEqualTo(other.round().inClientOrder());
    assertThat(found.placement()).isEqualTo(expected.placement());
    assertThat(found.replacement()).isEqualTo(expected.replacement());
    assertThat(found.replyTo()).isEqualTo(expected.replyTo());
    assertThat(found.step()).isEqualTo(expected.step());
    assertThat(found.waiting()).isEqualTo(expected.waiting());
    for (int shard = 0; shard < SHARDS; shard++) {
      for (int step = 1; step <= 3; step++) {
        for (boolean done : new boolean[] {false, true}) {
          assertThat(found.knows(shard, step, done)).isEqualTo(expected.knows(shard, step, done));
        }
      }
    }
    assertThat(infos(state)).isEqualTo(infos(other));
    long rounds = state.round().number();
    assertThat(state.folder().recorded(rounds, 100))
        .isEqualTo(other.folder().recorded(rounds, 100));
    for (long round = 0; round < rounds; round++) {
      long number = round;
      assertThat(state.record(number))
          .as("record of round %s", number)
          .isEqualTo(other.record(number));
    }
    for (long round = 0; round <= rounds; round++) {
      assertThat(state.failures(round))
          .as("failures for round %s", round)
          .isEqualTo(other.failures(round));
    }
    for (long version = 0; version <= rounds; version++) {
      assertThat(found.reports(version))
          .as("reports of version %s", version)
          .isEqualTo(expected.reports(version));
    }
  }

  private static List<VersionInfo> infos(ModelState state) {
    return state.folder().versions().stream().map(Version::info).toList();
  }

  @Override
  public void close() {
    data.close();
  }
}
