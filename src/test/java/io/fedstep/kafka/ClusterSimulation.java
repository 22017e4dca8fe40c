package io.fedstep.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.codec.Json;
import io.fedstep.codec.SpecCodec;
import io.fedstep.coordinator.ClientFailure;
import io.fedstep.coordinator.Engine;
import io.fedstep.coordinator.Expected;
import io.fedstep.coordinator.Limits;
import io.fedstep.coordinator.Listener;
import io.fedstep.coordinator.ModelChanges;
import io.fedstep.coordinator.ModelState;
import io.fedstep.coordinator.Upload;
import io.fedstep.local.FakeClock;
import io.fedstep.local.Rig;
import io.fedstep.local.SimModel;
import io.fedstep.local.SimNumbers;
import io.fedstep.local.SimScheduler;
import io.fedstep.model.Buffered;
import io.fedstep.model.ModelSpec;
import io.fedstep.model.RoundPolicy;
import io.fedstep.problem.Problem;
import io.fedstep.problem.RefusedException;
import io.fedstep.store.DataFolder;
import io.fedstep.store.ScratchFolder;
import io.fedstep.store.SimDisk;
import io.fedstep.store.Version;
import io.fedstep.store.VersionDraft;
import java.io.ByteArrayInputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A cluster in one JVM: its processes, with all that they are made of, on brokers in memory and one
 * disk, and whoever uses them. What happens next is drawn each time: which thread goes on, who asks
 * for what, which process is killed, or stands still and wakes up when others have taken its part,
 * whether the disk is full. Now and then nothing more goes wrong until all is quiet; then what each
 * process says has to be right.
 */
final class ClusterSimulation implements AutoCloseable {
  static final Limits LIMITS = new Limits(12, 20, 1 << 20, 100, 100, 100, 1000, 2);

  private static final int PARTITIONS = 3;
  private static final int MEMBERS = 3;
  private static final int CLIENTS = 5;
  private static final int MOST_REQUESTS = 8;

  /** A model of two ranges. */
  private static final int LARGE = 16 * 1024 + 3;

  private static final Duration TICK = Duration.ofMillis(500);

  /** Ticks in which everything that was put off is tried again. */
  private static final int QUIET = 15;

  /** After which what has not ended never will. */
  private static final int MOST_TICKS = 2000;

  private static final int MOST_STEPS = 1_000_000;

  private final Random random;
  private final FakeClock clock = new FakeClock();
  private final SimThreads threads;
  private final SimBrokers brokers;
  private final SimDisk disk;
  private final List<Member> members = new ArrayList<>();
  private final Map<String, SimModel> models = new TreeMap<>();

  /** Private models, without others beside them. */
  private final List<SimSecret> secrets = new ArrayList<>();

  private final List<Request> requests = new ArrayList<>();

  /** The last round for which each client was told that its failure is kept, by model. */
  private final Map<String, Map<String, Long>> failed = new HashMap<>();

  private final Map<String, List<ClientFailure>> shownFirst = new HashMap<>();
  private final ClusterSettings settings =
      new ClusterSettings("none", "sim", PARTITIONS, 1, Duration.ofSeconds(30), "sim", Map.of());
  private int lives;
  private int incarnations;
  private int rounds;
  private int killed;
  private int answered;
  private boolean calm;

  /** The step after which the process is killed that took it; none after the first. */
  private long strike = Long.MAX_VALUE;

  ClusterSimulation(Path folder, long seed) {
    this(folder, seed, null);
  }

  /** One of private models, of which some clients are drawn by a deadline; or, null, of others. */
  ClusterSimulation(Path folder, long seed, @Nullable String timeout) {
    random = new Random(seed);
    threads = new SimThreads(random);
    brokers = new SimBrokers(random, threads.new SimProcess(), PARTITIONS);
    disk = SimDisk.in(folder.resolve("disk"), new Random(~seed));
    for (int i = 0; i < MEMBERS; i++) {
      members.add(new Member());
    }
    settle();
    if (timeout != null) {
      create(SimSecret.adaptive("adaptive", LARGE));
      create(SimSecret.drawn("drawn", 5, timeout));
      return;
    }
    create("one", false, 5, "");
    create("old", true, 5, "");
    create("wide", false, LARGE, "[\"l2-global-clipping\", {\"max_norm\": 1e9}], ");
  }

  long steps() {
    return threads.steps();
  }

  int rounds() {
    return rounds;
  }

  int killed() {
    return killed;
  }

  int answered() {
    return answered;
  }

  // Processes

  /** A process of the cluster, from its start until it is killed. */
  private final class Member {
    private final SimThreads.SimProcess own = threads.new SimProcess();
    private final SimScheduler scheduler = new SimScheduler(clock, own::thread);
    private final Map<String, Long> seen = new HashMap<>();
    private final int life = lives++;
    private @Nullable KafkaCoordinator coordinator;

    Member() {
      own.thread("start", this::start).start();
    }

    private void start() {
      try {
        var engine = new Engine(clock, scheduler, Listener.NONE, LIMITS);
        var cluster =
            new Cluster(
                settings,
                new Topics(settings),
                brokers.of(own),
                DataFolder.shared(disk.disk(), disk.root().resolve("data")),
                new ScratchFolder(disk.disk(), disk.root().resolve("scratch-" + life)),
                engine,
                ClusterMeters.NONE);
        coordinator =
            new KafkaCoordinator(cluster, LIMITS, () -> HexFormat.of().toHexDigits(incarnations++));
      } catch (ClusterException e) {
        own.kill(); // it ends, and is started again
      } catch (RuntimeException | Error e) {
        threads.failed(e);
      }
    }

    @Override
    public String toString() {
      KafkaCoordinator here = coordinator;
      String known =
          here == null
              ? "none"
              : names().stream()
                  .map(here::known)
                  .map(state ->
                      state == null ? "none" : "%s %s%n".formatted(state.status(), state.endedBy()))
                  .toList()
                  .toString();
      return "process %s:%n%s%n%s".formatted(life, known, own.stacks());
    }

    boolean serves() {
      return coordinator != null && !own.isKilled() && !own.isStopped();
    }

    /** Versions never go back. */
    void look() {
      KafkaCoordinator here = coordinator;
      if (here == null) {
        return;
      }
      for (String name : names()) {
        ModelState state = here.known(name);
        if (state != null) {
          long newest = state.folder().newest().info().version();
          String model = name + "/" + state.folder().head().incarnation();
          assertThat(newest).isGreaterThanOrEqualTo(seen.getOrDefault(model, 0L));
          seen.put(model, newest);
        }
      }
    }
  }

  private List<String> names() {
    return Stream.concat(models.keySet().stream(), secrets.stream().map(one -> one.name)).toList();
  }

  private Member any() {
    List<Member> able = members.stream().filter(Member::serves).toList();
    return able.isEmpty() ? members.getFirst() : able.get(random.nextInt(able.size()));
  }

  // Time

  /** Something happens. */
  void step() {
    if (!calm) {
      disturb();
    }
    if (requests.size() < MOST_REQUESTS && random.nextInt(10) == 0 && !calm) {
      request();
    }
    if (!threads.step()) {
      tick();
    }
    strike();
    requests.removeIf(Request::isOver);
    members.forEach(Member::look);
    checkFailures();
  }

  private void tick() {
    clock.advance(TICK);
    members.stream()
        .filter(one -> !one.own.isKilled())
        .forEach(one -> one.scheduler.ringOnThreads());
    brokers.tick();
    brokers.expire(ClusterSimulation::isSilent);
    brokers.expel(ClusterSimulation::isSilent);
  }

  private static boolean isSilent(SimThreads.SimProcess one) {
    return one.isStopped() || one.isKilled();
  }

  private void disturb() {
    switch (random.nextInt(4000)) { // of so many steps
      case 0, 1 -> kill(random.nextInt(MEMBERS));
      case 2, 3, 4, 5 -> members.get(random.nextInt(MEMBERS)).own.stop();
      case 6, 7, 8, 9 -> brokers.expel(ClusterSimulation::isSilent);
      case 10, 11, 12, 13 -> brokers.expire(ClusterSimulation::isSilent);
      case 14, 15, 16, 17, 18, 19 ->
          members.stream().filter(one -> one.own.isStopped()).forEach(one -> one.own.goOn());
      case 20, 21, 22, 23 -> brokers.rebalance();
      case 24, 25 -> brokers.compact("sim.decisions");
      case 26 -> brokers.losing(random.nextInt(20));
      case 27, 28 -> brokers.losing(0);
      case 29 -> disk.fail(SimDisk.Fault.FULL, Version.WEIGHTS);
      case 30, 31 -> disk.heal();
      default -> {}
    }
  }

  /** The process is killed that takes so many more steps, or the next one that does. */
  void strikeAfter(long more) {
    strike = threads.steps() + more;
  }

  private void strike() {
    for (int i = 0; i < MEMBERS && threads.steps() >= strike; i++) {
      if (members.get(i).own == threads.last()) {
        strike = Long.MAX_VALUE;
        kill(i);
      }
    }
  }

  private void kill(int which) {
    Member victim = members.get(which);
    victim.own.kill();
    killed++;
    requests.removeIf(request -> request.at == victim);
    members.set(which, new Member());
  }

  /** Nothing more goes wrong, and all that was begun comes to its end. */
  void settle() {
    calm = true;
    strike = Long.MAX_VALUE;
    brokers.losing(0);
    disk.heal();
    int quiet = 0;
    for (int ticks = 0; quiet < QUIET; ticks++) {
      for (int i = 0; i < MEMBERS; i++) {
        members.get(i).own.goOn();
        if (members.get(i).own.isKilled()) {
          members.set(i, new Member());
        }
      }
      long before = threads.steps();
      while (threads.step()) {
        requests.removeIf(Request::isOver);
      }
      tick();
      checkFailures();
      boolean idle = requests.isEmpty() && members.stream().allMatch(Member::serves);
      quiet = idle ? quiet + 1 : 0;
      assertThat(ticks)
          .as(() -> "what never ends: %s; %s; %s".formatted(requests, members, brokers))
          .isLessThan(MOST_TICKS);
      assertThat(threads.steps() - before).isLessThan(MOST_STEPS);
    }
    calm = false;
  }

  private void checkFailures() {
    threads
        .failures()
        .forEach(failure -> {
          throw new AssertionError(failure);
        });
  }

  /** What every process says, once all is quiet. */
  void check() {
    settle();
    shownFirst.clear();
    for (Member member : members) {
      for (SimModel model : models.values()) {
        long before = model.newest();
        run("check " + model.name, member, coordinator -> model.check(coordinator, LIMITS, true));
        run("failures of " + model.name, member, coordinator -> checkFailed(model, coordinator));
        rounds += (int) (model.newest() - before);
      }
      for (SimSecret secret : secrets) {
        long before = secret.newest();
        run("check " + secret.name, member, it -> secret.check(it, brokers::noiseKeys));
        rounds += (int) (secret.newest() - before);
      }
    }
  }

  // Requests

  interface Asked {
    void of(KafkaCoordinator coordinator);
  }

  /** What somebody has asked for at a process. */
  private final class Request {
    private final String what;
    private final Member at;
    private final Thread thread;

    Request(String what, Member at, Asked asked) {
      this.what = what;
      this.at = at;
      thread = at.own.thread("request", () -> ask(asked));
      thread.start();
    }

    private void ask(Asked asked) {
      try {
        asked.of(Objects.requireNonNull(at.coordinator));
        answered++;
      } catch (RefusedException e) {
        if (!allowed(e)) {
          threads.failed(new AssertionError(what, e));
        }
      } catch (RuntimeException | Error e) {
        threads.failed(new AssertionError(what, e));
      }
    }

    boolean isOver() {
      return thread.getState() == Thread.State.TERMINATED;
    }

    @Override
    public String toString() {
      return what + " at " + at.life;
    }
  }

  private boolean allowed(RefusedException refused) {
    return switch (refused.refusal().problem()) {
      case NOT_READY,
          STORAGE_FULL,
          ROUND_CLOSED,
          ROUND_NOT_OPEN,
          TRAINING_STOPPED,
          TOO_FEW_UPDATES,
          VERSION_NOT_FOUND,
          VERSION_DIFFERS,
          BASE_DIFFERS ->
          true;
      default -> false;
    };
  }

  /** Asks for something and waits for it, while all is calm. */
  private void run(String what, Member at, Asked asked) {
    var request = new Request(what, at, asked);
    calm = true;
    while (!request.isOver()) {
      step();
    }
    calm = false;
    checkFailures();
  }

  /** Asks until somebody has answered, whoever is killed meanwhile, with or without a refusal. */
  void insist(String what, Asked asked) {
    var isAnswered = new AtomicBoolean();
    calm = true;
    while (!isAnswered.get()) {
      var request =
          new Request(
              what,
              any(),
              coordinator -> {
                asked.of(coordinator);
                isAnswered.set(true);
              });
      while (!request.isOver() && !request.at.own.isKilled()) {
        step();
      }
      if (!isAnswered.get()) { // it may take time until somebody can
        tick();
      }
    }
    calm = false;
    checkFailures();
  }

  SimSecret secret(String name) {
    return secrets.stream().filter(one -> one.name.equals(name)).findFirst().orElseThrow();
  }

  private void create(SimSecret secret) {
    insist("create " + secret.name, coordinator -> coordinator.create(secret.name, secret.spec));
    secrets.add(secret);
  }

  private void create(String name, boolean buffered, int size, String modules) {
    String round =
        buffered
            ? "{\"min_updates\": 2, \"mode\": \"buffered\", \"max_staleness\": 2,"
                + " \"staleness_exponent\": 0}"
            : "{\"min_updates\": 2, \"max_updates\": 3}";
    byte[] json = SimNumbers.spec(size, round, modules).getBytes(UTF_8);
    ModelSpec spec = SpecCodec.read(Json.readObject(new ByteArrayInputStream(json)));
    run(
        "create " + name,
        any(),
        coordinator -> {
          String incarnation = coordinator.create(name, spec).status().head().incarnation();
          models.put(name, new SimModel(name, incarnation, buffered, spec.round(), size, true));
        });
  }

  private void request() {
    Member at = any();
    if (!at.serves()) {
      return;
    }
    if (!secrets.isEmpty()) {
      request(secrets.get(random.nextInt(secrets.size())), at);
      return;
    }
    var all = List.copyOf(models.values());
    SimModel model = all.get(random.nextInt(all.size()));
    switch (random.nextInt(40)) {
      case 0 -> restore(model, at);
      case 1 -> setState(model, at);
      case 2, 3 -> stopOrStart(model, at);
      case 4 -> setPolicy(model, at);
      case 8, 9 -> fail(model, at);
      case 5, 6, 7 -> ask("close " + model.name, at, all(model, c -> c.close()));
      default -> update(model, at);
    }
  }

  private void request(SimSecret secret, Member at) {
    ModelState state = Objects.requireNonNull(at.coordinator).known(secret.name);
    long now = state == null ? 0 : state.folder().newest().info().version();
    long from = Math.max(0, now - random.nextInt(4) / 3);
    String client = "client-" + random.nextInt(CLIENTS);
    switch (random.nextInt(20)) {
      case 0 ->
          ask(
              "restore " + from,
              at,
              coordinator ->
                  coordinator
                      .changes(secret.name)
                      .restore(coordinator.version(secret.name, from), new Expected(now, null)));
      case 1, 2 -> ask("close", at, coordinator -> coordinator.changes(secret.name).close());
      default ->
          ask(
              "update %s %s %s".formatted(secret.name, client, from),
              at,
              coordinator -> secret.send(coordinator, from, client));
    }
  }

  private void ask(String what, Member at, Asked asked) {
    requests.add(new Request(what, at, asked));
  }

  private static Asked all(SimModel model, Consumer<ModelChanges> change) {
    return coordinator -> change.accept(coordinator.changes(model.name));
  }

  private void restore(SimModel model, Member at) {
    long newest = model.newest();
    long from = Math.max(0, newest - random.nextInt(3));
    ask(
        "restore " + from,
        at,
        coordinator -> {
          Version version = coordinator.version(model.name, from);
          model.asked(newest + 1, from, from);
          coordinator.changes(model.name).restore(version, new Expected(newest, null));
        });
  }

  private void setState(SimModel model, Member at) {
    long newest = model.newest();
    long from = Math.max(0, newest - random.nextInt(3));
    ask(
        "set the state of " + from,
        at,
        coordinator -> {
          byte[] state = Rig.bytes(coordinator.version(model.name, from).stateBytes());
          model.asked(newest + 1, newest, from);
          try (VersionDraft draft = coordinator.changes(model.name).beginState()) {
            draft.readState(new ByteArrayInputStream(state));
            coordinator.changes(model.name).setState(draft, new Expected(newest, null));
          }
        });
  }

  private void stopOrStart(SimModel model, Member at) {
    boolean stop = random.nextInt(3) == 0;
    model.stopped.add(stop);
    ask(
        "stop or start " + model.name,
        at,
        all(
            model,
            changes -> {
              if (stop) {
                changes.stop();
              } else {
                changes.start();
              }
            }));
  }

  private void setPolicy(SimModel model, Member at) {
    int min = 1 + random.nextInt(3);
    Duration timeout = random.nextBoolean() ? Duration.ofSeconds(20) : null;
    var policy =
        model.buffered
            ? new RoundPolicy(min, min, timeout, null, 1, new Buffered(2, 0))
            : new RoundPolicy(min, min + random.nextInt(2), timeout, null);
    model.policies.add(policy);
    ask("set the policy of " + model.name, at, all(model, c -> c.setPolicy(policy)));
  }

  /** Tells that a client sends nothing. */
  private void fail(SimModel model, Member at) {
    ModelState state = Objects.requireNonNull(at.coordinator).known(model.name);
    if (state == null) {
      return;
    }
    long round = state.round().number();
    String client = "client-" + random.nextInt(CLIENTS);
    ask(
        "failure of " + client + " for " + round,
        at,
        coordinator -> {
          coordinator.failed(model.name, round, client, "OSError", null);
          failed.computeIfAbsent(model.name, _ -> new HashMap<>()).put(client, round);
        });
  }

  /** All processes show the same failures, and those of the open round that were acknowledged. */
  private void checkFailed(SimModel model, KafkaCoordinator coordinator) {
    long open = coordinator.status(model.name).round();
    List<ClientFailure> shown = coordinator.rounds().failures(model.name, open);
    assertThat(coordinator.status(model.name).failed()).isEqualTo(shown.size());
    failed
        .getOrDefault(model.name, Map.of())
        .forEach((client, round) -> {
          if (round == open && coordinator.rounds().update(model.name, open, client) == null) {
            assertThat(shown).extracting(ClientFailure::client).contains(client);
          }
        });
    assertThat(shown).isEqualTo(shownFirst.computeIfAbsent(model.name, _ -> shown));
  }

  private void update(SimModel model, Member at) {
    ModelState state = Objects.requireNonNull(at.coordinator).known(model.name);
    if (state == null) {
      return;
    }
    long late = random.nextInt(5) == 0 ? random.nextInt(3) : 0;
    long from = Math.max(0, state.folder().newest().info().version() - late);
    var key = new SimModel.Key("client-" + random.nextInt(CLIENTS), from);
    List<SimNumbers.Update> before = model.sent.getOrDefault(key, List.of());
    SimNumbers.Update update =
        before.isEmpty() || random.nextInt(4) == 0
            ? SimNumbers.Update.random(random)
            : before.get(random.nextInt(before.size()));
    ask(
        "update " + model.name + " " + key,
        at,
        coordinator -> {
          try (Upload upload = coordinator.begin(model.name, from, key.client(), null)) {
            model.sent(key, update);
            submit(model, key, update, upload);
          }
        });
  }

  private void submit(SimModel model, SimModel.Key key, SimNumbers.Update update, Upload upload) {
    try {
      double[] numbers = update.array((int) upload.spec().parameters());
      Upload.Answer answer = Rig.submit(upload, update.weight(), numbers);
      assertThat(answer.update().summary().digest()).isEqualTo(model.digest(update));
      assertThat(answer.update().weight()).isEqualTo(update.weight());
      model.received(key, answer.update());
    } catch (RefusedException e) {
      if (e.refusal().problem() != Problem.UPDATE_DIFFERS) {
        throw e;
      }
      assertThat(model.sent.get(key)).anySatisfy(one -> assertThat(one).isNotEqualTo(update));
    }
  }

  @Override
  public void close() {
    members.forEach(one -> one.own.kill());
  }
}
