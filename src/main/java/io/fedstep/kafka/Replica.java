package io.fedstep.kafka;

import io.fedstep.coordinator.Engine;
import io.fedstep.coordinator.ModelState;
import io.fedstep.round.Round;
import io.fedstep.round.RoundRecord;
import io.fedstep.round.UpdateMetadata;
import io.fedstep.store.DataFolder;
import io.fedstep.store.ModelFolder;
import io.fedstep.store.ModelHead;
import io.fedstep.store.StorageException;
import io.fedstep.store.VersionInfo;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * The models that a run of decisions comes to. Every process has one of all decisions, and looks at
 * it; a leader has one more of its own partition, which is ahead by what it is just deciding.
 */
final class Replica {
  private static final Logger LOG = LoggerFactory.getLogger(Replica.class);

  /** Kinds of keys: what an entry needs stands before it. */
  private static final List<String> ORDER =
      List.of(
          "model",
          "round",
          "update",
          "range",
          "report",
          "failure",
          "waiting",
          "answer",
          "settings");

  /** Who is told of models and of answers. */
  interface Watcher {
    default void added(ClusterModel model) {}

    /** Its head or its round is another. */
    default void changed(ClusterModel model) {}

    default void removed(ClusterModel model) {}

    /** A client has reported of a version. */
    default void reported(ClusterModel model, long version, String client, UpdateMetadata report) {}

    default void answered(LogEntry.Answer answer) {}

    /**
     * A model cannot be read here; or, without a cause, that is no matter any more. What the disk
     * has done is logged by who is told.
     */
    default void broken(String model, @Nullable RuntimeException cause) {}
  }

  private final DataFolder data;
  private final Engine engine;
  private final boolean forgets;
  private final Watcher watcher;
  private final Map<String, ClusterModel> models = new ConcurrentSkipListMap<>();
  private final Map<String, LogEntry.Head> heads = new HashMap<>();
  private final Map<String, LogEntry.Deleted> deleted = new HashMap<>();
  private Map<String, ObjectNode> table = new LinkedHashMap<>();
  private volatile @Nullable SharedSettings settings;

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

  /** The settings that all processes share, or null before they are decided on. */
  @Nullable SharedSettings settings() {
    return settings;
  }

  /** The incarnation of a model that is decided on, whether it can be read or not; or null. */
  @Nullable String known(String name) {
    LogEntry.Head head = heads.get(name);
    return head == null ? null : head.head().incarnation();
  }

  /** The newest version of a model when it was deleted, or null if it was not. */
  @Nullable Long deletedAt(String name, String incarnation) {
    LogEntry.Deleted gone = deleted.get(name);
    return gone == null || !gone.incarnation().equals(incarnation) ? null : gone.version();
  }

  /** Takes note of a decision that was taken before this process came: not all are there. */
  void collect(String key, @Nullable ObjectNode content) {
    table.remove(key); // the last is the last
    if (content != null) {
      table.put(key, content);
    }
  }

  /**
   * Makes the models of what was collected: a close counts behind the updates of its round. One
   * that cannot be read is not begun again, which would be without its updates.
   */
  void load() {
    Map<String, ObjectNode> all = table;
    table = new LinkedHashMap<>();
    all.entrySet().stream()
        .sorted(Comparator.comparingInt(entry -> ORDER.indexOf(kind(entry.getKey()))))
        .forEach(entry -> applyOrBreak(entry.getKey(), entry.getValue(), Replica::withoutEnd));
    all.forEach((key, content) -> {
      if (kind(key).equals("round") && models.containsKey(nameIn(key))) {
        applyOrBreak(key, content);
      }
    });
  }

  private static String kind(String key) {
    return key.substring(0, key.indexOf('/'));
  }

  private static String nameIn(String key) {
    return key.split("/", -1)[1];
  }

  private static LogEntry withoutEnd(LogEntry entry) {
    return entry instanceof LogEntry.OpenRound round ? round.with((LogEntry.End) null) : entry;
  }

  /** Makes a decision count; where that fails, the other models go on. */
  void applyOrBreak(String key, @Nullable ObjectNode content) {
    applyOrBreak(key, content, UnaryOperator.identity());
  }

  private void applyOrBreak(
      String key, @Nullable ObjectNode content, UnaryOperator<LogEntry> asIs) {
    try {
      apply(asIs.apply(LogEntryCodec.read(key, content)));
    } catch (StorageException e) {
      watcher.broken(nameIn(key), e);
    } catch (RuntimeException e) {
      LOG.error("the decision {} cannot be followed", key, e);
      watcher.broken(nameIn(key), e);
    }
  }

  /** Makes a decision count. */
  void apply(LogEntry entry) {
    switch (entry) {
      case LogEntry.Head head -> head(head);
      case LogEntry.Deleted gone -> {
        heads.remove(gone.model());
        deleted.put(gone.model(), gone);
        watcher.broken(gone.model(), null);
        remove(gone.model());
      }
      case LogEntry.OpenRound round -> round(round);
      case LogEntry.Detail detail -> {
        ClusterModel model = models.get(detail.model());
        if (model != null
            && model.apply(detail)
            && detail instanceof LogEntry.Report(_, var version, _, var client, var report)) {
          watcher.reported(model, version, client, report);
        }
      }
      case LogEntry.Answer answer -> watcher.answered(answer);
      case LogEntry.Settings(var shared) -> settings = shared;
      case LogEntry.Gone _ -> {}
    }
  }

  private void head(LogEntry.Head decided) {
    String name = decided.model();
    heads.put(name, decided);
    deleted.remove(name);
    ClusterModel model = models.get(name);
    if (model == null) {
      return; // its round follows
    }
    ModelHead head = decided.head();
    if (!model.incarnation().equals(head.incarnation())) {
      remove(name);
      return;
    }
    ModelState state = model.state();
    state.change(() -> state.folder().follower().headSaved(head));
    state.findRecent();
    watcher.changed(model);
  }

  private void remove(String name) {
    ClusterModel model = models.remove(name);
    if (model != null) {
      watcher.removed(model);
    }
  }

  private void round(LogEntry.OpenRound decided) {
    ClusterModel model = models.get(decided.model());
    if (model == null) {
      LogEntry.Head head = heads.get(decided.model());
      if (head == null) {
        return; // of a model that is deleted further on
      }
      model = begin(head, decided);
      models.put(decided.model(), model);
      watcher.added(model);
    } else if (!model.state().round().base().equals(decided.base())) {
      advance(model, decided.newest(), decided.round());
    }
    model.apply(decided);
    watcher.changed(model);
  }

  private ClusterModel begin(LogEntry.Head head, LogEntry.OpenRound open) {
    ModelFolder folder = data.follow(head.head(), open.newest(), engine.keepVersions());
    var state = new ModelState(folder, open.round(), engine);
    forget(state);
    return new ClusterModel(state, head.placement());
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
}
