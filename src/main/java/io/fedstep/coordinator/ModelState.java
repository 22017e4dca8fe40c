package io.fedstep.coordinator;

import io.fedstep.model.ModelSpec;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.round.ControlRounds;
import io.fedstep.round.Decision;
import io.fedstep.round.Protocol;
import io.fedstep.round.Quorum;
import io.fedstep.round.Round;
import io.fedstep.round.RoundRecord;
import io.fedstep.round.SecureRounds;
import io.fedstep.store.ModelFolder;
import io.fedstep.store.StorageException;
import io.fedstep.store.Version;
import io.fedstep.store.VersionInfo;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A model as it is now, under its lock: one thread changes it, all look at it. Nobody is answered
 * because of a decision before the force that covers it.
 */
public final class ModelState {
  private final ModelFolder folder;
  private final Engine engine;
  private final ModelLock lock = new ModelLock();
  private final Protocol protocol;
  private final RoundSecrets secrets;
  private final @Nullable Budget budget;
  private volatile @Nullable Spending spending;
  private volatile ControlRounds controls = ControlRounds.NONE;
  private Round round;
  private boolean closing;
  private @Nullable StorageException waitsFor;
  private @Nullable Instant deadline;
  private int passed;
  private final RecentRounds recent;
  private final ModelNotes notes;
  private final ClientFailures failures = new ClientFailures();

  /** The state of a model whose newest version the open round trains from. */
  public ModelState(ModelFolder folder, Round open, Engine engine) {
    this.folder = folder;
    this.engine = engine;
    protocol = engine.protocol(folder.spec());
    secrets = new RoundSecrets(folder, protocol);
    recent = new RecentRounds(folder);
    notes = new ModelNotes(folder, engine, lock);
    round = open;
    budget = Budget.of(spec());
    count(folder.newest());
    findRecent();
  }

  /** Has the records at hand in which an update may turn out to be a repeat, without a gap. */
  public void findRecent() {
    recent.find(round.number(), spec().round().maxStaleness());
  }

  /** The update that a client computed from a version and that is in a round, or null. */
  Decision.@Nullable Accepted earlier(String client, long from) {
    Decision.Accepted inOpen = round.update(client, from);
    return inOpen != null ? inOpen : recent.update(client, from);
  }

  /** What an update was computed from that may enter the open round, or null. */
  Round.@Nullable Origin origin(long from) {
    if (from > round.number() || round.number() - from > spec().round().maxStaleness()) {
      return null;
    }
    if (from == round.number()) {
      return new Round.Origin(from, round.base());
    }
    if (!recent.reaches(from)) {
      return null; // it may be in a round whose record is kept no more
    }
    Version version = folder.version(from);
    return new Round.Origin(from, version == null ? null : version.info().base());
  }

  /** Runs something short under the lock. */
  public <T> T locked(Supplier<T> action) {
    return lock.locked(action);
  }

  /** Changes something under the lock, and wakes who waits for a change. */
  public void change(Runnable action) {
    lock.change(action);
  }

  /** Looks at the model; returns once what was seen is durable, throws if the model has ended. */
  public <T> T look(Supplier<T> look) {
    return lock.look(look, _ -> true);
  }

  /** The same, which waits only for a refusal and for what {@code answers} somebody. */
  public <T> T look(Supplier<T> look, Predicate<T> answers) {
    return lock.look(look, answers);
  }

  /** Waits until the status is as wanted, or the time is over, or the server ends. */
  ModelStatus await(Predicate<ModelStatus> wanted, Duration time) {
    return lock.await(this::status, now -> wanted.test(now) || engine.draining(), time);
  }

  /** The model as it is, one that has ended too. */
  public ModelStatus status() {
    return locked(() ->
        new ModelStatus(
            folder.head(),
            folder.newest().info(),
            phase(),
            round.updates(),
            round.openedAt(),
            deadline,
            participation(),
            passed + round.passed(folder.head().policies()),
            notes.refusalsTold(),
            failures(round.number()).size(),
            notes.reportsTold(),
            round.stageName(),
            answers(),
            account(null)));
  }

  /** The same, once that is durable; throws if the model has ended. */
  ModelStatus durableStatus() {
    return look(this::status);
  }

  private List<Integer> answers() {
    return IntStream.rangeClosed(0, round.stage()).mapToObj(round::answers).toList();
  }

  /** The last reports and the last refused updates. */
  public ModelNotes notes() {
    return notes;
  }

  /** The share of clients that the open round invites. */
  public double participation() {
    return spec().round().participation(round.passed(folder.head().policies()));
  }

  /** Whether a client may send an update from a version that may enter the open round. */
  boolean invites(long from, String client) {
    RoundRecord over = recent.get(from);
    double share = from == round.number() || over == null ? participation() : over.participation();
    return folder.head().invites(from, client, share);
  }

  /** The decision to double that share; it is doubled once the decision is applied. */
  Decision.Passed pass(Instant now) {
    long policy = folder.head().policies();
    return new Decision.Passed(policy, round.passed(policy) + 1, now);
  }

  /** A deadline passed of which nothing came; the lock is held. */
  void passed() {
    passed++;
  }

  /** Notes that a client will send no update. */
  public void failed(ClientFailure failure) {
    change(() -> failures.add(failure, oldestFailure()));
  }

  /** Whether a client's failure would be kept beside those of others. */
  public boolean takesFailure(long from, String client) {
    return locked(() -> failures.takes(from, client));
  }

  /** The failures for rounds before {@code oldest}, which are kept no more from now on. */
  public List<ClientFailure> forgetFailures(long oldest) {
    return locked(() -> failures.forget(oldest));
  }

  private long oldestFailure() {
    return round.number() - spec().round().maxStaleness();
  }

  /**
   * The failures for a round that still takes updates, of clients without one; the last is last.
   */
  public List<ClientFailure> failures(long from) {
    return locked(() -> failures.of(from, client -> earlier(client, from) != null));
  }

  private Phase phase() {
    if (lock.endedBy() != null) {
      return Phase.FAILED;
    }
    if (closing && !awaitsWeights()) {
      return Phase.CLOSING;
    }
    if (stopped()) {
      return Phase.STOPPED;
    }
    return awaitsWeights() ? Phase.AWAITING_WEIGHTS : Phase.COLLECTING;
  }

  /** What all models share. */
  public Engine engine() {
    return engine;
  }

  /** Whether the open round takes updates from older versions. */
  boolean isBuffered() {
    return spec().round().mode().isBuffer();
  }

  /** Whether nothing happens before the first weights are set. */
  public boolean awaitsWeights() {
    return folder.head().awaitsWeights(folder.newest().info());
  }

  /** When the round opens that trains from the first weights, which have come. */
  public Instant openedAt(VersionInfo first) {
    return awaitsWeights() ? first.createdAt() : round.openedAt();
  }

  /** Throws while the model waits for its first weights. */
  public void checkWeights() {
    if (awaitsWeights()) {
      throw ModelStatus.noWeights(model()).exception();
    }
  }

  private void count(Version newest) {
    controls = newest.controls();
    spending = budget == null ? null : Spending.of(budget, newest.standing());
  }

  /** What was spent up to the newest version of a private model; null of others. */
  @Nullable Spending spending() {
    return spending;
  }

  /** Of which round each client's control is in the newest version. */
  ControlRounds controls() {
    return controls;
  }

  /** The spec with which the open round is closed: with the clip norm of its version. */
  public ModelSpec specOfRound() {
    return ofRound(spec());
  }

  /** The same of a spec that the model has, or is about to have. */
  public ModelSpec ofRound(ModelSpec spec) {
    Spending now = spending;
    return now == null ? spec : spec.with(now.budget().privacy());
  }

  /** Whether a client has no budget left for one more round. */
  boolean isSpent(String client) {
    Spending now = spending;
    return now != null && now.isSpent(client);
  }

  /** Whether nobody who ever took part has. */
  boolean isSpent() {
    Spending now = spending;
    return now != null && now.isSpent();
  }

  /** What a client has spent, or the one that has spent most; null unless the model is private. */
  @Nullable PrivacyAccount account(@Nullable String client) {
    Spending now = spending;
    return now == null ? null : now.account(client);
  }

  /** Whether training rests. */
  public boolean stopped() {
    return isSpent() || folder.head().stoppedAt(folder.newest().info().version());
  }

  /** The protocol of its rounds. */
  public Protocol protocol() {
    return protocol;
  }

  /** How many messages the stage waits for that is under way, and how long. */
  public Quorum quorum() {
    return protocol.quorum(round, spec().round());
  }

  /** Whether the stage that is under way has as many messages as it takes, and is to be ended. */
  public boolean isDue() {
    return round.answers(round.stage()) >= quorum().most() && !stopped();
  }

  /** The open round of a secure model as its members see it; null of others. */
  @Nullable SecureRound secureRound() {
    if (!(protocol instanceof SecureRounds rounds)) {
      return null;
    }
    OpenStages open = look(() -> OpenStages.of(round));
    return open.seen(rounds, secrets::roster);
  }

  /** The secrets of its masked rounds. */
  public RoundSecrets secrets() {
    return secrets;
  }

  /** Throws if the model has ended. */
  public void check() {
    lock.check();
  }

  /** Throws if the version that is being made cannot be for now. */
  public void checkRoom() {
    if (waitsFor != null) {
      throw noRoom().exception();
    }
  }

  /** Whether the version that is being made cannot be for now. */
  public boolean hasNoRoom() {
    return waitsFor != null;
  }

  /** The refusal of what waits for a version that cannot be made for now. */
  public Refusal noRoom() {
    return Failure.refusal(
        "Round %s is closed, and its version waits: ".formatted(round.number()),
        Objects.requireNonNull(waitsFor));
  }

  /** The failure that has ended the model, or that its closed round waits for. */
  Optional<Refusal> trouble() {
    Refusal ended = endedBy();
    return ended != null
        ? Optional.of(ended).filter(why -> why.problem() == Problem.MODEL_FAILED)
        : locked(() -> Optional.ofNullable(waitsFor).map(_ -> noRoom()));
  }

  /** Why the model has ended, or null. */
  public @Nullable Refusal endedBy() {
    return lock.locked(lock::endedBy);
  }

  /** Ends the model; the first reason stays, unless it is removed. */
  public void end(Refusal refusal) {
    lock.end(refusal);
  }

  /** Sets why the model has ended, or null for one that has not, where others decide that. */
  public void setEndedBy(@Nullable Refusal why) {
    lock.setEndedBy(why);
  }

  /** A decision as it goes to the journal: the close of a round with noise has a key of its own. */
  public Decision keyed(Decision decision) {
    return decision instanceof Decision.Closed close && spec().needsKey()
        ? close.with(engine.noiseKey())
        : decision;
  }

  /** A decision was appended to the journal; the lock is held. */
  public void decided() {
    lock.decided();
  }

  /** The round is closed; the lock is held. */
  public void closing() {
    closing = true;
  }

  /** All that was decided is durable: lets everybody go who waits for that. */
  public void durable() {
    lock.durable();
  }

  /**
   * The version of the closed round cannot be made for now, so that nothing enters; the log says so
   * once.
   *
   * @param why a sentence for the log
   * @return whether that is news
   */
  public boolean waitsFor(StorageException cause, String why) {
    boolean isNews = waitsFor == null;
    if (isNews) {
      engine.logError("model %s: %s".formatted(model(), why), cause);
    }
    change(() -> {
      closing = true;
      waitsFor = cause;
    });
    return isNews;
  }

  /** A new version and the round that trains from it, seen at the same moment; the lock is held. */
  public void advance(Version version, Round next, @Nullable RoundRecord over) {
    count(version);
    folder.publish(version);
    round = next;
    passed = 0;
    closing = false;
    waitsFor = null;
    recent.advance(over, round.number() - Math.max(1, spec().round().maxStaleness()));
    failures.forget(oldestFailure());
  }

  /** Sets the deadline; the lock is held. */
  void deadline(@Nullable Instant next) {
    lock.change(() -> deadline = next);
  }

  @Nullable Instant deadline() {
    return deadline;
  }

  /** The open round. */
  public Round round() {
    return round;
  }

  /** Whether a version is being made. */
  public boolean isClosing() {
    return closing;
  }

  /** Its files. */
  public ModelFolder folder() {
    return folder;
  }

  /** Its spec. */
  public ModelSpec spec() {
    return folder.spec();
  }

  /** Its name. */
  public String model() {
    return folder.head().model();
  }

  /** The record of a round that is over, or null. */
  public @Nullable RoundRecord record(long number) {
    return recent.record(number);
  }
}
