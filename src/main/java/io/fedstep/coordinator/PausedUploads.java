package io.fedstep.coordinator;

import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.quota.Places;
import io.fedstep.round.RoundRefusals;
import io.fedstep.store.PausedFile;
import io.fedstep.store.PausedFolder;
import io.fedstep.store.PausedHead;
import io.fedstep.store.StorageException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The uploads of a model that come in several requests: one of a client and round. */
public final class PausedUploads {
  /** For which an upload is kept after its last byte. */
  public static final Duration LIFE = Duration.ofHours(1);

  private record Key(long round, String client) {
    static Key of(PausedUpload upload) {
      return new Key(upload.head().round(), upload.head().client());
    }
  }

  private final ModelState state;
  private final PausedFolder folder;
  private final Places places;
  private final Upload.Beginning beginning;
  private final Map<String, PausedUpload> byId = new ConcurrentHashMap<>();
  private final Map<Key, PausedUpload> byClient = new ConcurrentHashMap<>();

  /** The uploads that the last process left; their bytes are read when they are asked for. */
  public PausedUploads(ModelState state, Upload.Beginning beginning) {
    this.state = state;
    this.beginning = beginning;
    places = state.engine().places().paused();
    folder = state.folder().pausedUploads();
    for (PausedFolder.Found found : folder.recover(this::takesUpdates)) {
      Instant last = found.lastByte().isBefore(now()) ? found.lastByte() : now();
      add(found.file(), found.file().head().complete() ? null : places.add(), last);
    }
  }

  /** Adds an upload, in place of the one that its client has. */
  private PausedUpload add(PausedFile file, Places.@Nullable Place place, Instant lastByte) {
    var placed = new PlacedFile(file, place, this::log);
    var upload = new PausedUpload(state, beginning, placed, lastByte, this::forget);
    byId.put(upload.head().id(), upload);
    PausedUpload earlier = byClient.put(Key.of(upload), upload);
    if (earlier != null) { // on start, a crash came before it was removed
      earlier.forget();
    }
    return upload;
  }

  private void forget(PausedUpload upload) {
    byId.remove(upload.head().id(), upload);
    byClient.remove(Key.of(upload), upload); // unless another one has replaced it
  }

  private void log(String what, StorageException cause) {
    state.engine().logError("model %s: an upload %s".formatted(state.model(), what), cause);
  }

  /**
   * Begins an upload, in place of the one that its client has; returns once it is durable, or
   * throws the refusal.
   */
  public PausedUpload create(PausedHead head, BodyReader reader) {
    try (Upload whole = reader.begin(head, beginning)) {
      if (whole.compares()) {
        throw Refusal.of(
                Problem.UPDATE_EXISTS,
                "The update of client '%s' is in; GET gives its receipt, and a whole PUT is compared."
                    .formatted(head.client()))
            .exception();
      }
    }
    boolean replaces = byClient.containsKey(new Key(head.round(), head.client()));
    Places.Place place = replaces ? places.add() : places.acquire(null); // for a moment two
    PausedFile file;
    try {
      file = folder.create(head);
    } catch (StorageException e) {
      place.close();
      throw e;
    }
    return add(file, place, now());
  }

  /** An upload by its address, or the refusal: its round is over, or there is none. */
  public PausedUpload find(long round, String client, String id) {
    Refusal over = state.look(() -> Optional.ofNullable(over(round))).orElse(null);
    if (over != null) {
      throw over.exception();
    }
    PausedUpload upload = byId.get(id);
    if (upload != null && isExpired(upload)) {
      upload.endUnlessBusy(UploadRefusals.unknown());
    }
    if (upload == null
        || byId.get(id) != upload
        || !Key.of(upload).equals(new Key(round, client))) {
      throw UploadRefusals.unknown().exception();
    }
    return upload;
  }

  /** Removes an upload; one that is there no more, or whose round is over, is gone already. */
  public void delete(long round, String client, String id) {
    Refusal over = state.look(() -> Optional.ofNullable(over(round))).orElse(null);
    if (over == null) {
      find(round, client, id).delete();
    }
  }

  /** The refusal of what is for a round that is over, or null; the lock is held. */
  private @Nullable Refusal over(long round) {
    long open = state.round().number();
    return round <= open && state.origin(round) == null ? RoundRefusals.over(round, open) : null;
  }

  private boolean takesUpdates(long round) {
    return state.locked(() -> state.origin(round) != null);
  }

  private Instant now() {
    return state.engine().clock().instant();
  }

  private boolean isExpired(PausedUpload upload) {
    return upload.lastByte().plus(LIFE).isBefore(now());
  }

  /** Another round is open: uploads for those that are over go. */
  public void roundOpened() {
    if (!byId.isEmpty()) {
      state.engine().startLong(this::sweep);
    }
  }

  /**
   * Ends the uploads whose round is over, and those that have expired. Where a request is busy with
   * one, it and its round's folder stay until this is asked again.
   */
  public synchronized void sweep() {
    if (byId.isEmpty() || state.endedBy() != null) {
      return;
    }
    var busy = new HashSet<Long>();
    for (PausedUpload upload : byId.values()) {
      long round = upload.head().round();
      Refusal over = state.locked(() -> Optional.ofNullable(over(round))).orElse(null);
      if (over != null && !upload.endUnlessBusy(over)) {
        busy.add(round);
      } else if (over == null && isExpired(upload)) {
        upload.endUnlessBusy(UploadRefusals.unknown());
      }
    }
    try {
      folder.removeOver(round -> busy.contains(round) || takesUpdates(round));
    } catch (StorageException e) {
      log("of a round that is over cannot be removed yet", e);
    }
  }

  /** How many bytes the uploads take on the disk that are no updates yet. */
  public long bytes() {
    return byId.values().stream().mapToLong(PausedUpload::bytes).sum();
  }

  /** The model ends: what has come stays for the next process. */
  public void close() {
    byId.values().forEach(PausedUpload::close);
    byId.clear();
  }
}
