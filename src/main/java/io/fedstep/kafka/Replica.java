package io.fedstep.kafka;

import io.fedstep.codec.RecordCodec;
import io.fedstep.coordinator.Engine;
import io.fedstep.coordinator.ModelState;
import io.fedstep.round.Decision;
import io.fedstep.round.Round;
import io.fedstep.round.RoundRecord;
import io.fedstep.round.UpdateMetadata;
import io.fedstep.store.DataFolder;
import io.fedstep.store.ModelFolder;
import io.fedstep.store.ModelHead;
import io.fedstep.store.Version;
import io.fedstep.store.VersionInfo;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The models that a run of decisions comes to. Every process has one of all decisions, and looks at
 * it; a leader has one more of its own partition, which is ahead by what it is just deciding.
 *
 * <pre>
 *   model/NAME                        its head, and where its ranges are
 *   round/NAME                        the open round, and how it ends if it is ending
 *   update/NAME/ROUND/CLIENT/FROM     an update that is in it
 *   range/NAME/INDEX                  how far a range has come in the close
 *   report/NAME/VERSION/CLIENT        what a client measured
 *   waiting/NAME/NUMBER               a request that waits for a version
 *   answer/SLOT                       what is said to who asked
 *   settings/cluster                  what all processes share
 * </pre>
 */
final class Replica {
  private static final Logger LOG = LoggerFactory.getLogger(Replica.class);
  private static final List<String> ORDER =
      List.of("model", "round", "update", "range", "report", "waiting", "answer", "settings");

  /** Who is told of models and of answers. */
  interface Watcher {
    default void added(ClusterModel model) {}

    /** Its head or its round is another. */
    default void changed(ClusterModel model) {}

    default void removed(ClusterModel model) {}

    /** A client has reported of a version. */
    default void reported(ClusterModel model, long version, String client, UpdateMetadata report) {}

    default void answered(ObjectNode answer) {}

    /** A model cannot be read here; or, without a cause, that is no matter any more. */
    default void broken(String model, @Nullable RuntimeException cause) {}
  }

  private final DataFolder data;
  private final Engine engine;
  private final boolean forgets;
  private final Watcher watcher;
  private final Map<String, ClusterModel> models = new ConcurrentSkipListMap<>();
  private final Map<String, ObjectNode> heads = new HashMap<>();
  private final Map<String, Deleted> deleted = new HashMap<>();
  private Map<String, ObjectNode> table = new LinkedHashMap<>();
  private volatile @Nullable ObjectNode settings;

  private record Deleted(String incarnation, long version) {}

  /**
   * Looks at what is decided.
   *
   * @param forgets whether versions that are kept no more are removed by somebody else
   */
  Replica(DataFolder data, Engine engine, boolean forgets, Watcher watcher) {
    this.data = data;
    this.engine = engine;
    this.forgets = forgets;
    this.watcher = watcher;
  }

  @Nullable ClusterModel model(String name) {
    return models.get(name);
  }

  Collection<ClusterModel> models() {
    return models.values();
  }

  Set<String> names() {
    return models.keySet();
  }

  /** The settings that all processes share, or null before they are decided on. */
  @Nullable ObjectNode settings() {
    return settings;
  }

  /** The incarnation of a model that is decided on, whether it can be read or not; or null. */
  @Nullable String known(String name) {
    ObjectNode head = heads.get(name);
    return head == null ? null : ModelHead.of((ObjectNode) head.required("head")).incarnation();
  }

  /** The newest version of a model when it was deleted, or null if it was not. */
  @Nullable Long deletedAt(String name, String incarnation) {
    Deleted gone = deleted.get(name);
    return gone == null || !gone.incarnation().equals(incarnation) ? null : gone.version();
  }

  /** Takes note of a decision that was taken before this process came: not all are there. */
  void collect(String key, @Nullable ObjectNode value) {
    if (value == null) {
      table.remove(key);
    } else {
      table.put(key, value);
    }
  }

  /** Makes the models of what was collected: a close counts behind the updates of its round. */
  void load() {
    Map<String, ObjectNode> all = table;
    table = new LinkedHashMap<>();
    all.entrySet().stream()
        .sorted(Comparator.comparingInt(entry -> ORDER.indexOf(kind(entry.getKey()))))
        .forEach(entry -> {
          ObjectNode value = entry.getValue();
          applyOrBreak(entry.getKey(), kind(entry.getKey()).equals("round") ? open(value) : value);
        });
    all.forEach((key, value) -> {
      if (kind(key).equals("round")) {
        applyOrBreak(key, value);
      }
    });
  }

  /** Makes a decision count; where that fails, the other models go on. */
  void applyOrBreak(String key, @Nullable ObjectNode value) {
    try {
      apply(key, value);
    } catch (RuntimeException e) {
      LOG.error("the decision {} cannot be followed", key, e);
      watcher.broken(key.split("/", -1)[1], e);
    }
  }

  private static ObjectNode open(ObjectNode round) {
    return round.deepCopy().without(List.of("closed", "replacement", "failed"));
  }

  private static String kind(String key) {
    return key.substring(0, key.indexOf('/'));
  }

  /** Makes a decision count; null undoes what its key had. */
  void apply(String key, @Nullable ObjectNode value) {
    String[] parts = key.split("/", -1);
    switch (parts[0]) {
      case "model" -> model(parts[1], value);
      case "round" -> round(parts[1], value);
      case "update" -> update(parts[1], value);
      case "range" -> range(parts[1], Integer.parseInt(parts[2]), value);
      case "report" -> report(parts[1], Long.parseLong(parts[2]), parts[3], value);
      case "waiting" -> waiting(parts[1], Long.parseLong(parts[2]), value);
      case "answer" -> {
        if (value != null) {
          watcher.answered(value);
        }
      }
      case "settings" -> settings = value;
      default -> throw new ClusterException("a decision has the key " + key);
    }
  }

  private void model(String name, @Nullable ObjectNode value) {
    ClusterModel model = models.get(name);
    if (value == null || value.has("deleted")) {
      heads.remove(name);
      if (value != null) {
        deleted.put(
            name, new Deleted(Wire.text(value, "deleted"), value.required("version").longValue()));
      }
      watcher.broken(name, null);
      remove(name, model);
      return;
    }
    heads.put(name, value);
    deleted.remove(name);
    ModelHead head = ModelHead.of((ObjectNode) value.required("head"));
    if (model == null) {
      return; // its round follows
    }
    if (!model.incarnation().equals(head.incarnation())) {
      remove(name, model);
      return;
    }
    ModelState state = model.state();
    state.change(() -> state.folder().follower().headSaved(head));
    state.findRecent();
    watcher.changed(model);
  }

  private void remove(String name, @Nullable ClusterModel model) {
    if (model != null) {
      models.remove(name);
      watcher.removed(model);
    }
  }

  private void round(String name, @Nullable ObjectNode value) {
    if (value == null) {
      return;
    }
    var round =
        new Round(
            value.required("round").longValue(),
            Wire.text(value, "base"),
            RecordCodec.time(value.required("opened_at")));
    VersionInfo info = VersionInfo.of(value.required("version"));
    ClusterModel model = models.get(name);
    if (model == null) {
      ObjectNode head = heads.get(name);
      if (head == null) {
        return; // of a model that is deleted further on
      }
      model = begin(head, info, round);
      models.put(name, model);
      watcher.added(model);
    } else if (!model.state().round().base().equals(round.base())) {
      advance(model, info, round);
    }
    pass(model, value);
    close(model, value);
    watcher.changed(model);
  }

  private ClusterModel begin(ObjectNode value, VersionInfo info, Round round) {
    ModelHead head = ModelHead.of((ObjectNode) value.required("head"));
    ModelFolder folder = data.follow(head, info, engine.keepVersions());
    var state = new ModelState(folder, round, engine);
    forget(state);
    return new ClusterModel(state, Placement.of(value.required("placement")));
  }

  private void forget(ModelState state) {
    if (forgets) {
      state.folder().follower().pruned(engine.keepVersions(), engine.keepRounds());
    }
  }

  private void advance(ClusterModel model, VersionInfo info, Round round) {
    ModelState state = model.state();
    RoundRecord over =
        round.number() == 0
            ? null
            : state.folder().follower().versionMade(info).round(); // read outside the lock
    state.change(() -> {
      boolean wasAway = state.folder().follower().publishBefore(info);
      state.advance(state.folder().follower().versionMade(info), round, over);
      if (wasAway) {
        state.findRecent();
      }
      forget(state);
      model.beginRound();
    });
    boolean isRebased = info.version() == 0; // what was reported is of the zeros
    model.forgetReports(
        version -> !(isRebased && version == 0) && state.folder().version(version) != null);
  }

  /** The round invites more clients. */
  private static void pass(ClusterModel model, JsonNode value) {
    JsonNode passed = value.get("passed");
    Round round = model.state().round();
    if (passed != null && round.closed() == null) {
      model.state().change(() -> round.apply(RecordCodec.readPassed(passed)));
    }
  }

  /** The round ends: with a version of what is in it, or with one that an administrator made. */
  private static void close(ClusterModel model, JsonNode value) {
    JsonNode closed = value.get("closed");
    JsonNode replacement = value.get("replacement");
    ModelState state = model.state();
    state.change(() -> {
      if (closed != null && state.round().closed() == null) {
        state.round().apply(RecordCodec.readDecision(value));
      }
      if (closed != null || replacement != null) {
        state.closing();
        model.making(
            replacement == null ? null : CommandCodec.readReplacement(replacement),
            value.get("asker"));
      }
      JsonNode failed = value.get("failed");
      state.ended(failed == null ? null : Wire.refusal(failed));
    });
  }

  private void update(String name, @Nullable ObjectNode value) {
    ClusterModel model = models.get(name);
    if (value == null || model == null) {
      return;
    }
    ModelState state = model.state();
    if (state.round().base().equals(Wire.text(value, "base"))) {
      Decision decision = RecordCodec.readDecision(value);
      state.change(() -> state.round().apply(decision));
    }
  }

  private void range(String name, int index, @Nullable ObjectNode value) {
    ClusterModel model = models.get(name);
    if (value != null
        && model != null
        && model.state().round().base().equals(Wire.text(value, "base"))) {
      model.came(index, value.required("step").intValue(), value.required("done").booleanValue());
    }
  }

  private void report(String name, long number, String client, @Nullable ObjectNode value) {
    ClusterModel model = models.get(name);
    Version version = model == null ? null : model.state().folder().version(number);
    if (value != null
        && model != null
        && version != null
        && version.info().base().equals(Wire.text(value, "base"))) {
      UpdateMetadata report = RecordCodec.readReport(value);
      model.report(number, client, report);
      watcher.reported(model, number, client, report);
    }
  }

  private void waiting(String name, long number, @Nullable ObjectNode request) {
    ClusterModel model = models.get(name);
    if (model == null) {
      return;
    }
    if (request == null) {
      model.waiting().remove(number);
    } else if (Wire.text(request, "incarnation").equals(model.incarnation())) {
      model.waiting().put(number, request);
    }
  }
}
