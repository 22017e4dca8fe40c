package io.fedstep.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.codec.Json;
import io.fedstep.codec.RecordCodec;
import io.fedstep.codec.SpecCodec;
import io.fedstep.coordinator.ChangeRules;
import io.fedstep.coordinator.Engine;
import io.fedstep.coordinator.ModelState;
import io.fedstep.model.ModelSpec;
import io.fedstep.model.RoundPolicy;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.round.Content;
import io.fedstep.round.Decision;
import io.fedstep.round.Round;
import io.fedstep.round.RoundRecord;
import io.fedstep.round.UpdateHeader;
import io.fedstep.store.DataFolder;
import io.fedstep.store.ModelFolder;
import io.fedstep.store.ModelHead;
import io.fedstep.store.Version;
import io.fedstep.store.VersionDraft;
import io.fedstep.store.VersionInfo;
import java.io.ByteArrayInputStream;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/** One model's leader's decisions, and what they come to, followed and read anew. */
final class Decided implements AutoCloseable {
  static final String M = "wide";
  static final Instant NOW = Instant.parse("2026-01-01T12:00:00Z");

  private static final int SHARDS = 3;

  private final DataFolder data;
  private final Engine engine;
  private final Random random;
  private final Replica leader;
  private final Replica follower;
  private final List<Message> topic = new ArrayList<>();
  private int followed;

  private record Message(String key, @Nullable ObjectNode value) {}

  Decided(Path root, Engine engine, int seed) {
    data = DataFolder.shared(root);
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

  private void decide(String key, @Nullable ObjectNode value) {
    leader.apply(key, value);
    write(key, value);
  }

  private void write(String key, @Nullable ObjectNode value) {
    topic.add(new Message(key, value == null ? null : Wire.read(Wire.write(value))));
  }

  // What a leader decides

  private static ModelHead head(String incarnation) {
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
    var creation = Creation.of(head, new Placement(SHARDS, 5, 12));
    decide("model/" + M, creation.decidedHead());
    decide("round/" + M, creation.decidedRound());
    commit();
  }

  void delete() {
    ClusterModel model = live();
    decide("model/" + M, Json.object().put("deleted", model.incarnation()).put("version", 0));
    decide("round/" + M, null);
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
            new Content("crc32c:0a0b0c0d", 2.5),
            NOW,
            round.updates() + 1,
            staleness);
    decide(key(update), RecordCodec.write(update).put("base", round.base()));
    commit();
  }

  private String key(Decision.Accepted update) {
    long round = state().round().number();
    return "update/%s/%d/%s/%d".formatted(M, round, update.client(), round - update.staleness());
  }

  private ObjectNode round() {
    return Creation.decided(state().folder().newest().info(), state().round());
  }

  private ObjectNode closed() {
    ObjectNode round = round();
    round.setAll(RecordCodec.write(Objects.requireNonNull(state().round().closed())));
    return round;
  }

  void closeRound() {
    ObjectNode round = round();
    round.setAll(RecordCodec.write(state().round().close(Decision.Cause.MANUAL, NOW)));
    round.putObject("asker").put("gateway", "g").put("n", 7);
    decide("round/" + M, round);
    commit();
  }

  void fail() {
    ObjectNode round = closed();
    round.set("failed", Wire.refusal(Refusal.of(Problem.MODEL_FAILED, "A range has no room.")));
    decide("round/" + M, round);
    commit();
  }

  /** As another leader does. */
  void goOn() {
    decide("round/" + M, closed());
    commit();
  }

  void range(int index, int step, boolean done) {
    decide(
        "range/%s/%d".formatted(M, index),
        Json.object().put("base", state().round().base()).put("step", step).put("done", done));
    commit();
  }

  void report(String client, long version) {
    ObjectNode report =
        RecordCodec.report(client, UpdateHeader.of(3, Map.of("accuracy", 0.5), null));
    Version of = Objects.requireNonNull(state().folder().version(version));
    report.put("base", of.info().base());
    decide("report/%s/%d/%s".formatted(M, version, client), report);
    commit();
    assertThat(live().reports(version)).containsKey(client);
  }

  private void head(ModelHead next) {
    decide("model/" + M, Creation.decided(next, live().placement()));
    commit();
    state().folder().save(next);
  }

  void policy(int least, int most) {
    head(ChangeRules.with(state().folder().head(), new RoundPolicy(least, most, null, null)));
  }

  void stop() {
    head(state().folder().head().stop());
  }

  void start() {
    head(state().folder().head().start(state().round().number()));
  }

  void replace(String kind) {
    ObjectNode round = round();
    round.putObject("replacement").put("kind", kind).put("at", RecordCodec.time(NOW));
    decide("round/" + M, round);
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
    try (VersionDraft draft = folder.sharedDrafts().fresh()) {
      draft.copyWeights(newest);
      draft.copyState(newest);
      var info = new VersionInfo(number, madeBy, base, NOW, draft.weightsDigest());
      return folder.sharedDrafts().commit(draft, info, over);
    }
  }

  private void begins(VersionInfo info, Instant openedAt) {
    state().round().inClientOrder().forEach(update -> write(key(update), null));
    decide("round/" + M, Creation.decided(info, new Round(info.version(), info.base(), openedAt)));
    commit();
    state().folder().prune(engine.keepVersions() + 1, engine.keepRounds());
    compare();
  }

  // What they come to

  /** Ends a transaction: all see it. */
  private void commit() {
    for (; followed < topic.size(); followed++) {
      Message message = topic.get(followed);
      follower.apply(message.key(), message.value());
    }
    compare();
  }

  /** Whoever reads a compacted topic comes to what a follower has come to. */
  private void compare() {
    for (int i = 0; i < 3; i++) {
      var anew = new Replica(data, engine, true, new Replica.Watcher() {});
      compacted().forEach(message -> anew.collect(message.key(), message.value()));
      anew.load();
      assertThat(anew.names()).isEqualTo(follower.names());
      for (ClusterModel model : anew.models()) {
        String name = model.state().model();
        assertSame(model, Objects.requireNonNull(follower.model(name)));
        model.state().folder().close();
      }
    }
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
    assertThat(state.ended()).isEqualTo(other.ended());
    assertThat(state.isClosing()).isEqualTo(other.isClosing());
    assertThat(state.round().base()).isEqualTo(other.round().base());
    assertThat(state.round().closed()).isEqualTo(other.round().closed());
    assertThat(state.round().inClientOrder()).isEqualTo(other.round().inClientOrder());
    assertThat(found.placement()).isEqualTo(expected.placement());
    assertThat(found.replacement()).isEqualTo(expected.replacement());
    assertThat(found.asker()).isEqualTo(expected.asker());
    assertThat(found.step()).isEqualTo(expected.step());
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
          .as("record of round %d", number)
          .isEqualTo(other.record(number));
    }
    for (long version = 0; version <= rounds; version++) {
      assertThat(found.reports(version))
          .as("reports of version %d", version)
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
