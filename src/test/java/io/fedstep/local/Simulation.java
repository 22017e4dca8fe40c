package io.fedstep.local;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.codec.Json;
import io.fedstep.codec.SpecCodec;
import io.fedstep.coordinator.Coordinator;
import io.fedstep.coordinator.Expected;
import io.fedstep.coordinator.Limits;
import io.fedstep.coordinator.ModelChanges;
import io.fedstep.coordinator.ModelStatus;
import io.fedstep.coordinator.Upload;
import io.fedstep.model.Buffered;
import io.fedstep.model.RoundPolicy;
import io.fedstep.problem.Problem;
import io.fedstep.problem.RefusedException;
import io.fedstep.round.Decision;
import io.fedstep.round.Plain;
import io.fedstep.round.RoundRecord;
import io.fedstep.round.UpdateMetadata;
import io.fedstep.store.SimDisk;
import io.fedstep.store.Version;
import io.fedstep.store.VersionDraft;
import io.fedstep.store.VersionInfo;
import java.io.ByteArrayInputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * A server on a simulated disk, and whoever uses it: clients that repeat themselves, come late or
 * with something else, and administrators. One request at a time, and the model's thread is waited
 * for behind each, so that a seed gives the same operations on the disk. After each request all
 * that is seen of the models is compared with what has to be.
 */
final class Simulation implements AutoCloseable {
  static final Limits LIMITS = new Limits(3, 4, 100, 100, 100, 100, 1000, 2);

  private static final List<String> NAMES = List.of("one", "two", "old");
  private static final int CLIENTS = 5;
  private static final int MOST_HELD = 2;
  private static final int LOST = 6;

  private final Random random;
  private final SimServer server;
  private final Map<String, SimModel> models = new TreeMap<>();
  private final Set<String> gone = new HashSet<>();
  private final List<Held> held = new ArrayList<>();
  private int rounds;
  private String doing = "";

  /** An upload whose numbers are sent, and which has not asked yet to be accepted. */
  private record Held(SimModel model, SimModel.Key key, SimNumbers.Update update, Upload upload) {}

  Simulation(Path folder, long seed) {
    random = new Random(seed);
    server = new SimServer(folder, new Random(~seed), LIMITS, Plain::of);
  }

  /** Has power fail, or the process be killed, before so many requests of a hundred. */
  void crashing(int percent) {
    server.crashing(percent);
  }

  SimServer server() {
    return server;
  }

  SimDisk disk() {
    return server.disk();
  }

  int lives() {
    return server.lives();
  }

  int rounds() {
    return rounds;
  }

  /** Whether the disk has failed so far. */
  boolean hasFailed() {
    return server.hasFailed();
  }

  String doing() {
    return doing;
  }

  private Coordinator coordinator() {
    return server.coordinator();
  }

  /** Has the disk fail at one operation to come, or from there on during three requests. */
  void fail(SimDisk.Fault fault, long skipped, boolean lasting) {
    server.fail(fault, skipped, lasting);
  }

  private void recover() {
    letGo();
    server.recover();
    checkAll();
  }

  private void letGo() {
    held.forEach(one -> one.upload().close());
    held.clear();
  }

  /** Ends the server and starts it on the same disk. */
  void restart() {
    doing = "restart";
    letGo();
    server.restart();
    awaitOpened();
    checkAll();
  }

  /** What had no room to be opened is opened once there is. */
  private void awaitOpened() {
    if (coordinator().models().stream().anyMatch(name -> coordinator().brokenBy(name) != null)
        && server.passes()) {
      heal();
    }
  }

  // Checks

  /** Checks everything there is to know of every model. */
  void checkAll() {
    for (String name : List.copyOf(models.keySet())) {
      SimModel model = models.get(name);
      if (gone.contains(name) && !coordinator().models().contains(name)) {
        models.remove(name);
        gone.remove(name);
      } else if (model != null) {
        gone.remove(name);
        check(model, true);
      }
    }
    assertThat(coordinator().models()).isEqualTo(List.copyOf(models.keySet()));
  }

  private void check(SimModel model, boolean all) {
    long before = model.newest();
    disk().observed(true);
    model.check(coordinator(), LIMITS, all);
    disk().observed(false);
    rounds += (int) (model.newest() - before);
  }

  // Requests

  /** One request, and what comes of it; whether it was answered as it should be. */
  void step() {
    server.armByChance();
    String name = NAMES.get(random.nextInt(NAMES.size()));
    SimModel model = models.get(name);
    if (model == null || !coordinator().models().contains(name)) {
      request("create " + name, () -> create(name));
    } else {
      request(model);
    }
    if (disk().dead()) {
      recover();
    } else if (disk().struck() && server.failsNoMore()) {
      heal();
    } else {
      server.settle();
      if (disk().dead()) {
        recover();
      } else {
        checkNames();
        models.values().stream()
            .filter(one -> coordinator().models().contains(one.name))
            .forEach(one -> check(one, false));
      }
    }
  }

  private void heal() {
    Set<String> stopped = server.heal();
    models.values().stream()
        .filter(model -> !stopped.contains(model.name) && !gone.contains(model.name))
        .forEach(model -> check(model, true));
    if (server.crash() == SimDisk.Fault.IO_ERROR) {
      restart();
    } else {
      checkNames();
    }
  }

  /** There are the models that there have to be, and perhaps some whose creation was refused. */
  private void checkNames() {
    Set<String> expected = new TreeSet<>(models.keySet());
    expected.removeIf(name -> gone.contains(name) && !coordinator().models().contains(name));
    assertThat(coordinator().models()).isEqualTo(List.copyOf(expected));
  }

  private void request(String what, Runnable request) {
    doing = what;
    server.request(request);
  }

  private void request(SimModel model) {
    String name = model.name;
    switch (random.nextInt(40)) {
      case 0 -> request("delete " + name, () -> delete(model));
      case 1 -> request("restore in " + name, () -> restore(model));
      case 2 -> request("set the state of " + name, () -> setState(model));
      case 3, 4 -> request("stop or start " + name, () -> stopOrStart(model));
      case 5, 6 -> request("set the policy of " + name, () -> setPolicy(model));
      case 7, 8, 9 -> request("close the round of " + name, () -> close(model));
      case 10, 11 -> request("let time go on", this::waitAWhile);
      case 12, 13, 14, 15 -> request("repeat an update of " + name, () -> repeat(model));
      case 16, 17 -> request("come late to " + name, () -> late(model));
      case 18, 19, 20 -> request("hold an upload to " + name, () -> hold(model));
      case 21, 22, 23 -> request("end a held upload", this::endHeld);
      case 24 -> request("restart", this::restart);
      default -> request("update " + name, () -> put(model, model.newest()));
    }
  }

  private void create(String name) {
    boolean buffered = name.equals("old");
    String round =
        buffered
            ? "{\"min_updates\": 2, \"mode\": \"buffered\", \"max_staleness\": 2, \"staleness_exponent\": 0}"
            : "{\"min_updates\": 2, \"max_updates\": 3}";
    boolean controlled = name.equals("two");
    String text =
        controlled
            ? SimNumbers.spec(SimNumbers.SIZE, round, SimControls.MODULE)
                .replaceFirst(
                    "\\{", "{\"aggregator\": [\"averaging\", {\"steps_weighted\": false}], ")
            : SimNumbers.spec(round);
    var spec = SpecCodec.read(Json.readObject(new ByteArrayInputStream(text.getBytes(UTF_8))));
    var model = new SimModel(name, server.nextIncarnation(), buffered, controlled, spec.round());
    models.put(name, model);
    gone.add(name);
    try {
      coordinator().create(name, spec);
      gone.remove(name);
    } finally {
      if (!disk().struck() && gone.remove(name)) {
        models.remove(name);
      }
    }
  }

  private void delete(SimModel model) {
    held.stream().filter(one -> one.model() == model).forEach(one -> one.upload().close());
    held.removeIf(one -> one.model() == model);
    gone.add(model.name);
    try {
      coordinator().delete(model.name);
      gone.remove(model.name);
      models.remove(model.name);
    } finally {
      if (!disk().dead() && !server.failed()) {
        gone.remove(model.name);
      }
    }
  }

  private void restore(SimModel model) {
    List<VersionInfo> versions = coordinator().versions(model.name);
    Version target =
        coordinator().version(model.name, versions.get(random.nextInt(versions.size())).version());
    long newest = model.newest();
    long from = target.info().version();
    model.asked(newest + 1, from, from);
    VersionInfo made =
        coordinator().changes(model.name).restore(target, new Expected(newest, null));
    assertThat(made.version()).isEqualTo(newest + 1);
    made(model, newest + 1);
  }

  private void setState(SimModel model) {
    List<VersionInfo> versions = coordinator().versions(model.name);
    long from = versions.get(random.nextInt(versions.size())).version();
    byte[] state = Rig.bytes(coordinator().version(model.name, from).stateBytes());
    long newest = model.newest();
    model.askedState(newest + 1, from);
    try (VersionDraft draft = coordinator().changes(model.name).beginState()) {
      draft.readState(new ByteArrayInputStream(state));
      coordinator().changes(model.name).setState(draft, new Expected(newest, null));
    }
    made(model, newest + 1);
  }

  /** What was answered is there, at once unless there was no room to open its round. */
  private void made(SimModel model, long version) {
    model.promised = version;
    if (!disk().struck()) {
      check(model, false);
      assertThat(model.newest()).isEqualTo(version);
    }
  }

  private void stopOrStart(SimModel model) {
    boolean stop = model.stopped.contains(false);
    model.stopped.add(stop);
    ModelChanges changes = coordinator().changes(model.name);
    ModelStatus now = stop ? changes.stop() : changes.start();
    assertThat(now.head().stopped()).isEqualTo(stop);
    model.stopped.retainAll(Set.of(stop));
  }

  private void setPolicy(SimModel model) {
    int min = 1 + random.nextInt(3);
    Duration timeout = random.nextBoolean() ? Duration.ofSeconds(20) : null;
    var policy =
        model.buffered
            ? new RoundPolicy(min, min, timeout, null, 1, new Buffered(2, 0))
            : new RoundPolicy(min, min + random.nextInt(2), timeout, null);
    model.policies.add(policy);
    coordinator().changes(model.name).setPolicy(policy);
    model.policies.retainAll(Set.of(policy));
  }

  private void close(SimModel model) {
    RoundRecord record = coordinator().changes(model.name).close();
    assertThat(record.closedBy()).isNotNull();
    made(model, record.round() + 1);
  }

  private void waitAWhile() {
    server.advance(Duration.ofSeconds(1 + random.nextInt(20)));
  }

  // Updates

  private void put(SimModel model, long from) {
    var key = new SimModel.Key("client-" + random.nextInt(CLIENTS), from);
    SimNumbers.Update update = SimNumbers.Update.random(random);
    if (model.receipts.containsKey(key)) {
      repeat(model, key, update);
      return;
    }
    try (Upload upload = coordinator().begin(model.name, from, key.client(), null)) {
      submit(model, key, update, upload);
    }
  }

  private void submit(SimModel model, SimModel.Key key, SimNumbers.Update update, Upload upload) {
    if (!upload.compares()) {
      model.sent(key, update);
    }
    try {
      Upload.Answer answer = send(model, key, update, upload);
      assertThat(answer.update().summary().digest()).isEqualTo(model.digest(update));
      assertThat(answer.update().weight()).isEqualTo(update.weight());
      Decision.Accepted before = model.receipts.putIfAbsent(key, answer.update());
      if (before != null) {
        assertThat(answer.update()).isEqualTo(before);
      }
    } catch (RefusedException e) {
      if (e.refusal().problem() != Problem.UPDATE_DIFFERS) {
        throw e;
      }
      assertThat(upload.compares() || model.sent.getOrDefault(key, List.of()).size() > 1).isTrue();
    } finally {
      server.settle(
          model.name); // so that nothing of this upload is at work when its row is given back
    }
  }

  /** Sends an update; one in so many clients has lost its control, where there are controls. */
  private Upload.Answer send(
      SimModel model, SimModel.Key key, SimNumbers.Update update, Upload upload) {
    UpdateMetadata said = UpdateMetadata.of(update.weight(), Map.of(), null);
    SimNumbers from = model.versions.get(key.from());
    SimControls controls = from == null ? null : from.controls();
    boolean lost = controls != null && random.nextInt(LOST) == 0;
    return Rig.submit(
        upload,
        controls == null ? said : controls.said(said, key.client(), update, lost),
        update.array(SimNumbers.SIZE));
  }

  /** An update that is in gets its receipt again, and another one in its place is refused. */
  private void repeat(SimModel model) {
    List<SimModel.Key> keys = List.copyOf(new TreeSet<>(model.receipts.keySet()));
    if (!keys.isEmpty()) {
      repeat(model, keys.get(random.nextInt(keys.size())), SimNumbers.Update.random(random));
    }
  }

  private void repeat(SimModel model, SimModel.Key key, SimNumbers.Update other) {
    Decision.Accepted receipt = Objects.requireNonNull(model.receipts.get(key));
    SimNumbers.Update same =
        model.sent.getOrDefault(key, List.of()).stream()
            .filter(one -> model.digest(one).equals(receipt.summary().digest()))
            .filter(one -> one.weight() == receipt.weight())
            .findFirst()
            .orElseThrow();
    boolean differs = random.nextInt(4) == 0;
    try (Upload upload = coordinator().begin(model.name, key.from(), key.client(), null)) {
      SimNumbers.Update update = differs ? other : same;
      Upload.Answer answer = send(model, key, update, upload);
      assertThat(answer.repeated()).isTrue();
      assertThat(answer.update()).isEqualTo(receipt);
      assertThat(differs).isFalse();
    } catch (RefusedException e) {
      if (e.refusal().problem() != Problem.UPDATE_DIFFERS) {
        throw e; // of a discarded round: it is over, and the update is not in it
      }
      assertThat(differs).isTrue();
    }
  }

  private void late(SimModel model) {
    put(model, Math.max(0, model.newest() - 1 - random.nextInt(2)));
  }

  private void hold(SimModel model) {
    if (held.size() < MOST_HELD) {
      var key = new SimModel.Key("client-" + random.nextInt(CLIENTS), model.newest());
      Upload upload = coordinator().begin(model.name, key.from(), key.client(), null);
      held.add(new Held(model, key, SimNumbers.Update.random(random), upload));
    }
  }

  private void endHeld() {
    if (!held.isEmpty()) {
      Held one = held.remove(random.nextInt(held.size()));
      try (Upload upload = one.upload()) {
        submit(one.model(), one.key(), one.update(), upload);
      }
    }
  }

  @Override
  public void close() {
    letGo();
    server.close();
  }
}
