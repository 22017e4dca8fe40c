package io.fedstep.local;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fedstep.codec.Json;
import io.fedstep.codec.SpecCodec;
import io.fedstep.coordinator.Coordinator;
import io.fedstep.coordinator.Expected;
import io.fedstep.coordinator.Limits;
import io.fedstep.coordinator.Listener;
import io.fedstep.coordinator.ModelChanges;
import io.fedstep.coordinator.ModelStatus;
import io.fedstep.coordinator.Phase;
import io.fedstep.coordinator.Upload;
import io.fedstep.model.Buffered;
import io.fedstep.model.RoundPolicy;
import io.fedstep.problem.Problem;
import io.fedstep.problem.RefusedException;
import io.fedstep.round.Decision;
import io.fedstep.round.RoundRecord;
import io.fedstep.store.DataFolder;
import io.fedstep.store.SimDisk;
import io.fedstep.store.StorageException;
import io.fedstep.store.Version;
import io.fedstep.store.VersionDraft;
import io.fedstep.store.VersionInfo;
import java.io.ByteArrayInputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
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

  private final Path folder;
  private final Random random;
  private final Random faults;
  private final FakeClock clock = new FakeClock();
  private final Map<String, SimModel> models = new TreeMap<>();
  private final Set<String> gone = new HashSet<>();
  private final List<Held> held = new ArrayList<>();
  private SimDisk disk;
  private SimScheduler alarms;
  private Coordinator coordinator;
  private int lives;
  private int incarnations;
  private int rounds;

  /** Chance of a crash to be prepared before a request, in percent. */
  private int crashes;

  private SimDisk.Fault crash = SimDisk.Fault.POWER;
  private String doing = "";

  /** Requests after which the disk is healed that is failing. */
  private int failing;

  private boolean healed;

  /** An upload whose numbers are sent, and which has not asked yet to be accepted. */
  private record Held(SimModel model, SimModel.Key key, SimNumbers.Update update, Upload upload) {}

  @SuppressWarnings("NullAway.Init") // by start()
  Simulation(Path folder, long seed) {
    this.folder = folder;
    random = new Random(seed);
    faults = new Random(~seed);
    disk = SimDisk.in(life(), faults);
    start();
  }

  /** Has power fail, or the process be killed, before so many requests of a hundred. */
  void crashing(int percent) {
    crashes = percent;
  }

  SimDisk disk() {
    return disk;
  }

  int lives() {
    return lives;
  }

  int rounds() {
    return rounds;
  }

  /** Whether the disk has failed so far. */
  boolean hasFailed() {
    return lives > 1 || healed || disk.struck();
  }

  String doing() {
    return doing;
  }

  private Path life() {
    return folder.resolve("life-" + lives++);
  }

  // Lives

  private void start() {
    while (true) {
      try {
        alarms = new SimScheduler(clock);
        coordinator = coordinator(new DataFolder(disk.disk(), disk.root()));
        coordinator.models().forEach(this::settle);
        if (!disk.dead()) {
          return;
        }
        coordinator.close();
      } catch (StorageException e) {
        if (!disk.struck()) {
          throw e;
        }
        if (passes()) {
          disk.heal(); // a server without the right to its folder does not start
        }
      }
      if (disk.dead()) {
        disk = next();
      } // else somebody starts it again
    }
  }

  /** One that fails at start leaves the folder to the next, as the end of its process would. */
  private Coordinator coordinator(DataFolder data) {
    try {
      return new LocalCoordinator(
          data,
          LIMITS,
          clock,
          alarms,
          () -> HexFormat.of().toHexDigits(incarnations++),
          Listener.NONE);
    } catch (StorageException e) {
      data.close();
      throw e;
    }
  }

  private SimDisk next() {
    SimDisk next =
        crash == SimDisk.Fault.POWER ? disk.afterPowerLoss(life()) : disk.afterKill(life());
    if (faults.nextInt(100) < crashes) {
      arm(next);
    }
    return next;
  }

  private void arm(SimDisk victim) {
    crash = faults.nextInt(3) == 0 ? SimDisk.Fault.KILL : SimDisk.Fault.POWER;
    victim.fail(crash, faults.nextInt(60), false);
  }

  /** Has the disk fail at one operation to come, or from there on during three requests. */
  void fail(SimDisk.Fault fault, long skipped, boolean lasting) {
    crash = fault;
    disk.fail(fault, skipped, lasting);
    failing = lasting ? 3 : 1;
  }

  private void recover() {
    held.forEach(one -> one.upload().close());
    held.clear();
    coordinator.close();
    disk = next();
    start();
    checkAll();
  }

  /** Ends the server and starts it on the same disk. */
  void restart() {
    doing = "restart";
    held.forEach(one -> one.upload().close());
    held.clear();
    coordinator.close();
    if (disk.dead()) {
      disk = next();
    }
    start();
    awaitOpened();
    checkAll();
  }

  /** What had no room to be opened is opened once there is. */
  private void awaitOpened() {
    if (coordinator.models().stream().anyMatch(name -> coordinator.brokenBy(name) != null)
        && passes()) {
      heal();
    }
  }

  /** Waits until a model's thread has done everything that was asked of it. */
  private void settle(String model) {
    try {
      long newest = coordinator.status(model).newest().version();
      coordinator
          .changes(model)
          .restore(coordinator.version(model, newest), new Expected(-1L, null));
    } catch (RefusedException e) {
      // always: there is no version -1
    }
  }

  // Checks

  /** Checks everything there is to know of every model. */
  void checkAll() {
    for (String name : List.copyOf(models.keySet())) {
      SimModel model = models.get(name);
      if (gone.contains(name) && !coordinator.models().contains(name)) {
        models.remove(name);
        gone.remove(name);
      } else if (model != null) {
        gone.remove(name);
        check(model, true);
      }
    }
    assertThat(coordinator.models()).isEqualTo(List.copyOf(models.keySet()));
  }

  private void check(SimModel model, boolean all) {
    long before = model.newest();
    disk.observed(true);
    model.check(coordinator, LIMITS, all);
    disk.observed(false);
    rounds += (int) (model.newest() - before);
  }

  // Requests

  /** What somebody asks for. */
  private interface Request {
    void run();
  }

  /** One request, and what comes of it; whether it was answered as it should be. */
  void step() {
    if (faults.nextInt(100) < crashes && !disk.dead()) {
      arm(disk);
    }
    String name = NAMES.get(random.nextInt(NAMES.size()));
    SimModel model = models.get(name);
    if (model == null || !coordinator.models().contains(name)) {
      request("create " + name, () -> create(name));
    } else {
      request(model);
    }
    if (disk.dead()) {
      recover();
    } else if (disk.struck() && --failing == 0) {
      heal();
    } else {
      coordinator.models().forEach(this::settle);
      if (disk.dead()) {
        recover();
      } else {
        checkNames();
        models.values().stream()
            .filter(one -> coordinator.models().contains(one.name))
            .forEach(one -> check(one, false));
      }
    }
  }

  /** After an error one model is stopped at most; after want of room, none is. */
  private void heal() {
    healed = true;
    disk.heal();
    coordinator.models().forEach(this::settle);
    clock.advance(Duration.ofSeconds(6));
    alarms.ring();
    coordinator.models().forEach(this::settle);
    List<String> stopped =
        coordinator.models().stream()
            .filter(name ->
                coordinator.brokenBy(name) != null
                    || coordinator.status(name).phase() == Phase.FAILED)
            .toList();
    assertThat(stopped).hasSizeLessThanOrEqualTo(crash == SimDisk.Fault.IO_ERROR ? 1 : 0);
    for (String name : stopped) {
      assertThatThrownBy(() -> coordinator.spec(name))
          .isInstanceOf(RefusedException.class)
          .hasMessageContaining("model-failed")
          .hasMessageNotContaining(disk.root().toString());
    }
    models.values().stream()
        .filter(model -> !stopped.contains(model.name) && !gone.contains(model.name))
        .forEach(model -> check(model, true));
    if (crash == SimDisk.Fault.IO_ERROR) {
      restart();
    } else {
      checkNames();
    }
  }

  /** There are the models that there have to be, and perhaps some whose creation was refused. */
  private void checkNames() {
    Set<String> expected = new TreeSet<>(models.keySet());
    expected.removeIf(name -> gone.contains(name) && !coordinator.models().contains(name));
    assertThat(coordinator.models()).isEqualTo(List.copyOf(expected));
  }

  private void request(String what, Request request) {
    doing = what;
    try {
      request.run();
    } catch (RefusedException e) {
      if (!allowed(e)) {
        throw e;
      }
    } catch (StorageException e) {
      if (!disk.struck()) {
        throw e;
      }
    }
  }

  private boolean allowed(RefusedException refused) {
    return switch (refused.refusal().problem()) {
      case MODEL_FAILED, STORAGE_FULL, NOT_READY -> disk.struck();
      case TRAINING_STOPPED, TOO_FEW_UPDATES, ROUND_CLOSED, VERSION_NOT_FOUND -> true;
      default -> false;
    };
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
    var spec =
        SpecCodec.read(
            Json.readObject(new ByteArrayInputStream(SimNumbers.spec(round).getBytes(UTF_8))));
    var model =
        new SimModel(name, HexFormat.of().toHexDigits(incarnations), buffered, spec.round());
    models.put(name, model);
    gone.add(name);
    try {
      coordinator.create(name, spec);
      gone.remove(name);
    } finally {
      if (!disk.struck() && gone.remove(name)) {
        models.remove(name);
      }
    }
  }

  private void delete(SimModel model) {
    held.stream().filter(one -> one.model() == model).forEach(one -> one.upload().close());
    held.removeIf(one -> one.model() == model);
    gone.add(model.name);
    try {
      coordinator.delete(model.name);
      gone.remove(model.name);
      models.remove(model.name);
    } finally {
      if (!disk.dead() && !failed()) {
        gone.remove(model.name);
      }
    }
  }

  /** Whether what failed last may succeed later. */
  private boolean passes() {
    return crash == SimDisk.Fault.FULL || crash == SimDisk.Fault.NO_RIGHTS;
  }

  private boolean failed() {
    return disk.struck() && crash == SimDisk.Fault.IO_ERROR;
  }

  private void restore(SimModel model) {
    List<VersionInfo> versions = coordinator.versions(model.name);
    Version target =
        coordinator.version(model.name, versions.get(random.nextInt(versions.size())).version());
    long newest = model.newest();
    long from = target.info().version();
    model.asked(newest + 1, from, from);
    VersionInfo made = coordinator.changes(model.name).restore(target, new Expected(newest, null));
    assertThat(made.version()).isEqualTo(newest + 1);
    made(model, newest + 1);
  }

  private void setState(SimModel model) {
    List<VersionInfo> versions = coordinator.versions(model.name);
    long from = versions.get(random.nextInt(versions.size())).version();
    byte[] state = Rig.bytes(coordinator.version(model.name, from).stateBytes());
    long newest = model.newest();
    model.asked(newest + 1, newest, from);
    try (VersionDraft draft = coordinator.changes(model.name).beginState()) {
      draft.readState(new ByteArrayInputStream(state));
      coordinator.changes(model.name).setState(draft, new Expected(newest, null));
    }
    made(model, newest + 1);
  }

  /** What was answered is there, at once unless there was no room to open its round. */
  private void made(SimModel model, long version) {
    model.promised = version;
    if (!disk.struck()) {
      check(model, false);
      assertThat(model.newest()).isEqualTo(version);
    }
  }

  private void stopOrStart(SimModel model) {
    boolean stop = model.stopped.contains(false);
    model.stopped.add(stop);
    ModelChanges changes = coordinator.changes(model.name);
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
    coordinator.changes(model.name).setPolicy(policy);
    model.policies.retainAll(Set.of(policy));
  }

  private void close(SimModel model) {
    RoundRecord record = coordinator.changes(model.name).close();
    assertThat(record.closedBy()).isNotNull();
    made(model, record.round() + 1);
  }

  private void waitAWhile() {
    clock.advance(Duration.ofSeconds(1 + random.nextInt(20)));
    alarms.ring();
  }

  // Updates

  private void put(SimModel model, long from) {
    var key = new SimModel.Key("client-" + random.nextInt(CLIENTS), from);
    SimNumbers.Update update = SimNumbers.Update.random(random);
    if (model.receipts.containsKey(key)) {
      repeat(model, key, update);
      return;
    }
    try (Upload upload = coordinator.begin(model.name, from, key.client(), null)) {
      submit(model, key, update, upload);
    }
  }

  private void submit(SimModel model, SimModel.Key key, SimNumbers.Update update, Upload upload) {
    if (!upload.compares()) {
      model.sent(key, update);
    }
    try {
      Upload.Answer answer = Rig.submit(upload, update.weight(), update.array(SimNumbers.SIZE));
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
      settle(model.name); // so that nothing of this upload is at work when its row is given back
    }
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
    try (Upload upload = coordinator.begin(model.name, key.from(), key.client(), null)) {
      SimNumbers.Update update = differs ? other : same;
      Upload.Answer answer = Rig.submit(upload, update.weight(), update.array(SimNumbers.SIZE));
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
      Upload upload = coordinator.begin(model.name, key.from(), key.client(), null);
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
    held.forEach(one -> one.upload().close());
    coordinator.close();
  }
}
