package io.fedstep.coordinator;

import io.fedstep.codec.CopySpec;
import io.fedstep.codec.NewSpec;
import io.fedstep.model.ModelSpec;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.quota.Places;
import io.fedstep.round.Decision;
import io.fedstep.round.UpdateMetadata;
import io.fedstep.store.Deleted;
import io.fedstep.store.StorageException;
import io.fedstep.store.Version;
import io.fedstep.store.VersionInfo;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * All models, as the outside sees them: looked at here, changed by one engine or another. A model
 * that cannot be read, or that a failure has stopped, answers everything but its own reading and
 * deletion with the failure.
 */
public abstract class Coordinator implements AutoCloseable {
  /** After which somebody who waits is checked again. */
  private static final Duration CHECKED = Duration.ofSeconds(3);

  private final Rounds rounds = new Rounds(this::state);

  /** A model as it is now; throws if there is none, or none that can be read. */
  protected abstract ModelState state(String model);

  /** A model that was there a moment ago, or null. */
  protected abstract @Nullable ModelState known(String model);

  /** All models that can be read. */
  protected abstract Collection<ModelState> states();

  /** Why a model cannot be read, or null if it can. */
  protected abstract @Nullable Refusal unreadable(String model);

  /** What all models share. */
  protected abstract Engine engine();

  /**
   * The answer to a request to create a model.
   *
   * @param isNew false if the model was there, with the same spec
   */
  public record Created(ModelStatus status, boolean isNew) {}

  /** Creates a model, or finds it with the same spec, whatever its metadata. */
  public abstract Created create(String model, NewSpec asked);

  /** Creates a model without metadata. */
  public final Created create(String model, ModelSpec spec) {
    return create(model, NewSpec.of(spec));
  }

  /** Creates a model from a version of another one, or finds the one that the same request made. */
  public Created copy(String model, CopySpec asked, VersionAddress version) {
    throw NewModels.forOneMachine("In 'from': it").exception();
  }

  /** Removes a model and all it stored. */
  public final void delete(String model) {
    delete(model, Expected.ANY);
  }

  /** Removes a model and all it stored, if its newest version is the expected one. */
  public abstract void delete(String model, Expected newest);

  /** Puts the model of that name back that was deleted last, as it was. */
  public void undelete(String model) {
    throw NotFound.deleted(model).exception();
  }

  /** The deleted models that can be put back, the last one first; none on several machines. */
  public List<Deleted> deleted() {
    return List.of();
  }

  /** Bytes of the files of those. */
  public final long deletedBytes() {
    return deleted().stream().mapToLong(Deleted::bytes).sum();
  }

  /** The names of all models. */
  public abstract List<String> models();

  /** Why a model could not be read at start, or null. */
  public final @Nullable String brokenBy(String model) {
    Refusal refusal = unreadable(model);
    return refusal == null ? null : refusal.detail();
  }

  /**
   * Why a model is stopped, or why its closed round waits, as far as this process knows without
   * asking others; or null.
   */
  public @Nullable String failure(String model) {
    String broken = brokenBy(model);
    ModelState state = broken == null ? known(model) : null;
    return state == null ? broken : state.trouble().map(Refusal::detail).orElse(null);
  }

  /**
   * A part of the engine that is missing at the moment.
   *
   * @param what a sentence
   * @param stops whether nothing can be decided without it
   */
  public record Missing(String what, boolean stops) {}

  /** The parts outside of this process that are missing, by name: none on one machine. */
  public Map<String, Missing> missing() {
    return Map.of();
  }

  /**
   * What a client has spent of its privacy, or the one that has spent most; null unless the model
   * is private.
   */
  public final @Nullable PrivacyAccount account(String model, @Nullable String client) {
    ModelState state = state(model);
    return state.look(() -> Optional.ofNullable(state.account(client))).orElse(null);
  }

  /** What an administrator may do to a model. */
  public abstract ModelChanges changes(String model);

  /**
   * Lets an update send its numbers; to be closed.
   *
   * @param holder of its place
   */
  public abstract Upload begin(
      String model, long round, String client, @Nullable String base, @Nullable String holder);

  /** The same for callers among whom no places are shared out. */
  public Upload begin(String model, long round, String client, @Nullable String base) {
    return begin(model, round, client, base, null);
  }

  /**
   * The uploads of a model's updates that come in several requests; refused where there are none.
   */
  public PausedUploads paused(String model) {
    spec(model);
    throw notResumable("several machines decide its rounds").exception();
  }

  /** The refusal of an update that has to come whole. */
  public static Refusal notResumable(String why) {
    return Refusal.of(
        Problem.NOT_RESUMABLE,
        "Updates of this model are sent whole, in one PUT: %s.".formatted(why));
  }

  /** A new id of an upload: 128 random bits. */
  public String newUploadId() {
    return engine().newId();
  }

  /** How many uploads lie there that come in several requests, and are no updates yet. */
  public int pausedUploads() {
    return engine().places().paused().taken();
  }

  /** Bytes that these take on the disk. */
  public long pausedBytes() {
    return 0;
  }

  /**
   * Counts another request with a body in, or refuses it; to be closed.
   *
   * @param client for whom it is, or null
   * @param holder of its place
   */
  public RequestPlaces.UploadPlace takeUpload(@Nullable String client, @Nullable String holder) {
    return engine().takeUpload(client, holder);
  }

  /** Counts a follower of events among those who wait, or refuses it; to be closed. */
  public Places.Place follow(@Nullable String holder) {
    return engine().places().takeWait(holder);
  }

  /** Bytes that may still be written. */
  public abstract long freeBytes();

  /**
   * Bytes that the open rounds still need, with {@code min_updates} each, and the versions that
   * they make.
   */
  public abstract long neededBytes();

  /** The refusal for a failed read or write: try again later, or the model stops. */
  public abstract Refusal failure(@Nullable String model, StorageException failure);

  /** Answers who waits, now and from now on; the server is ending. */
  public final void drain() {
    engine().drain();
    states().forEach(state -> state.change(() -> {}));
  }

  @Override
  public abstract void close();

  /** A model as it is, one stopped by a failure too. */
  public ModelStatus status(String model) {
    return state(model).status();
  }

  /** Checks that a model exists and works. */
  public ModelSpec spec(String model) {
    return durableStatus(model).head().spec();
  }

  /** The model as it is, once that is durable. */
  public ModelStatus durableStatus(String model) {
    return state(model).durableStatus();
  }

  /**
   * Waits until a model is as wanted, training stops, or the time is over.
   *
   * @param holder of the place that this takes
   * @param check runs every few seconds and at the end, and ends the wait by throwing
   */
  public ModelStatus await(
      String model,
      Predicate<ModelStatus> wanted,
      Duration time,
      @Nullable String holder,
      Runnable check) {
    ModelState state = state(model);
    Predicate<ModelStatus> over = now -> wanted.test(now) || now.phase() == Phase.STOPPED;
    if (time.isZero()) {
      return state.await(over, time);
    }
    try (var _ = engine().places().takeWait(holder)) {
      return await(state, over, time, check);
    }
  }

  /** The same for callers among whom no places are shared out, and who are not checked. */
  public ModelStatus await(String model, Predicate<ModelStatus> wanted, Duration time) {
    return await(model, wanted, time, null, () -> {});
  }

  /**
   * Waits until a model is another than it was seen, or the time is over; takes no place.
   *
   * @param check runs every few seconds and at the end, and ends the wait by throwing
   */
  public ModelStatus awaitChange(String model, ModelStatus seen, Duration time, Runnable check) {
    return await(state(model), now -> !now.equals(seen), time, check);
  }

  private ModelStatus await(
      ModelState state, Predicate<ModelStatus> over, Duration time, Runnable check) {
    Duration rest = time;
    while (true) {
      boolean last = rest.compareTo(CHECKED) <= 0;
      ModelStatus status = state.await(over, last ? rest : CHECKED);
      check.run();
      if (last || over.test(status) || draining()) {
        return status;
      }
      rest = rest.minus(CHECKED);
    }
  }

  /** The versions kept, newest first. */
  public List<VersionInfo> versions(String model) {
    return state(model).durableStatus().awaitsWeights()
        ? List.of()
        : state(model).folder().versions().stream().map(Version::info).toList();
  }

  /** A version that is kept. */
  public Version version(String model, long number) {
    state(model).durableStatus().checkWeights();
    Version version = state(model).folder().version(number);
    if (version == null) {
      throw NotFound.version(model, number).exception();
    }
    return version;
  }

  /** A version that is kept, by its number, its tag or as the newest. */
  public Version version(String model, VersionAddress address) {
    return switch (address) {
      case VersionAddress.Numbered(var number) -> version(model, number);
      case VersionAddress.Newest _ -> newest(model);
      case VersionAddress.Tagged(var tag) -> {
        ModelStatus status = state(model).durableStatus();
        status.checkWeights();
        Long number = status.head().tags().versions().get(tag);
        if (number == null) {
          throw Refusal.of(
                  Problem.VERSION_NOT_FOUND,
                  "Model '%s' has no version with the tag '%s'.".formatted(model, tag))
              .exception();
        }
        yield version(model, number);
      }
    };
  }

  private Version newest(String model) {
    state(model).durableStatus().checkWeights();
    return state(model).folder().newest();
  }

  /** A model's versions by tag. */
  public SortedMap<String, Version> tags(String model) {
    ModelStatus status = state(model).durableStatus();
    status.checkWeights();
    var tags = new TreeMap<String, Version>();
    status
        .head()
        .tags()
        .versions()
        .forEach((tag, number) -> {
          Version version = state(model).folder().version(number);
          if (version != null) { // else it was untagged and pruned meanwhile
            tags.put(tag, version);
          }
        });
    return tags;
  }

  /** What clients reported of a version, the last report of each. */
  public Collection<UpdateMetadata> reported(String model, long version) {
    return state(model).folder().reported(version).values();
  }

  /** The open rounds, and those that are over. */
  public Rounds rounds() {
    return rounds;
  }

  /** Whether the server is ending, so that nobody waits any more. */
  public boolean draining() {
    return engine().draining();
  }

  /**
   * The answer to a document for a stage of a round.
   *
   * @param document as it was accepted
   * @param repeated whether that was at an earlier request
   */
  public record Answer(Decision.Answered document, boolean repeated) {}

  /**
   * Has a client's document decided for a stage of the open round; returns once that is durable, or
   * throws the refusal.
   */
  public Answer answer(String model, long round, String stage, String client, String document) {
    throw NotFound.documents(state(model).model(), stage).exception();
  }

  /**
   * Lets a client's document for a stage come, or throws the refusal.
   *
   * @return the one that the client has there already, with which it is compared, or null
   */
  public Decision.@Nullable Answered beginDocument(
      String model, long round, String stage, String client) {
    return new Admission(state(model)).beginDocument(round, stage, client);
  }

  /** Notes that an update for a model was refused, unless there is no such model. */
  public void refused(String model, long round, String client, Refusal refusal, int status) {
    ModelState state = known(model);
    if (state != null) {
      state.notes().refused(round, client, refusal, status);
    }
  }

  /** Notes a client's failure, or refuses it as the update in its place would be. */
  public void failed(
      String model, long round, String client, String error, @Nullable String detail) {
    ModelState state = state(model);
    if (new Admission(state).begin(round, client, null) == null) {
      Instant now = engine().clock().instant();
      keep(state, new ClientFailure(round, client, error, detail, now));
    }
  }

  /** Keeps a client's failure for whoever looks at the model. */
  protected abstract void keep(ModelState state, ClientFailure failure);
}
