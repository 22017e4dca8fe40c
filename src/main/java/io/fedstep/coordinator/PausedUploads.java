package io.fedstep.coordinator;

import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.round.Decision;
import io.fedstep.round.RoundRefusals;
import io.fedstep.store.PausedFile;
import io.fedstep.store.PausedFolder;
import io.fedstep.store.PausedHead;
import io.fedstep.store.StorageException;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The uploads of a model that come in several requests: one of a client and round. */
public final class PausedUploads {
  /** For which an upload is kept after its last byte. */
  public static final Duration LIFE = Duration.ofHours(1);

  /** Lets an update send its numbers, without a place of its own. */
  public interface Beginning {
    Upload begin(long round, String client, @Nullable String base);
  }

  private record Key(long round, String client) {
    static Key of(PausedUpload upload) {
      return new Key(upload.head().round(), upload.head().client());
    }
  }

  private final ModelState state;
  private final PausedFolder folder;
  private final Beginning beginning;
  private final Owner owner = new Owner();
  private final Map<String, PausedUpload> byId = new ConcurrentHashMap<>();
  private final Map<Key, PausedUpload> byClient = new ConcurrentHashMap<>();

  /** The uploads that the last process left; their bytes are read when they are asked for. */
  public PausedUploads(ModelState state, Beginning beginning) {
    this.state = state;
    this.beginning = beginning;
    folder = state.folder().pausedUploads();
    for (PausedFolder.Found found : folder.recover(this::takesUpdates)) {
      Instant last = found.lastByte().isBefore(now()) ? found.lastByte() : now();
      if (!found.file().head().complete()) {
        state.engine().places().paused().add();
      }
      PausedUpload other = keep(new PausedUpload(owner, found.file(), last));
      if (other != null) { // a crash came before it was removed
        other.forget();
      }
    }
  }

  /** The one of its client that it replaces, or null. */
  private @Nullable PausedUpload keep(PausedUpload upload) {
    byId.put(upload.head().id(), upload);
    return byClient.put(Key.of(upload), upload);
  }

  /**
   * Begins an upload, in place of the one that its client has; returns once it is durable, or
   * throws the refusal.
   */
  public PausedUpload create(PausedHead head, BodyReader reader) {
    try (Upload whole = owner.begin(head, reader)) {
      if (whole.compares()) {
        throw Refusal.of(
                Problem.UPDATE_EXISTS,
                "The update of client '%s' is in; GET gives its receipt, and a whole PUT is compared."
                    .formatted(head.client()))
            .exception();
      }
    }
    PausedPlaces places = state.engine().places().paused();
    if (byClient.containsKey(new Key(head.round(), head.client()))) {
      places.add(); // for a moment there are two
    } else {
      places.take();
    }
    PausedUpload made;
    try {
      made = new PausedUpload(owner, folder.create(head), now());
    } catch (StorageException e) {
      places.release();
      throw e;
    }
    PausedUpload earlier = keep(made);
    if (earlier != null) {
      earlier.forget();
    }
    return made;
  }

  /** An upload by its address, or the refusal: its round is over, or there is none. */
  public PausedUpload find(long round, String client, String id) {
    Refusal over = state.look(() -> Optional.ofNullable(over(round))).orElse(null);
    if (over != null) {
      throw over.exception();
    }
    PausedUpload upload = byId.get(id);
    if (upload != null && isExpired(upload)) {
      upload.endUnlessBusy(PausedUpload.unknown());
    }
    if (upload == null
        || byId.get(id) != upload
        || !Key.of(upload).equals(new Key(round, client))) {
      throw PausedUpload.unknown().exception();
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

  /** Ends the uploads whose round is over, and those that have expired. */
  public void sweep() {
    if (byId.isEmpty() || state.endedBy() != null) {
      return;
    }
    for (PausedUpload upload : byId.values()) {
      long round = upload.head().round();
      Refusal over = state.locked(() -> Optional.ofNullable(over(round))).orElse(null);
      if (over != null) {
        upload.endUnlessBusy(over);
      } else if (isExpired(upload)) {
        upload.endUnlessBusy(PausedUpload.unknown());
      }
    }
    try {
      folder.removeOver(this::takesUpdates);
    } catch (StorageException e) {
      owner.log("of a round that is over cannot be removed yet", e);
    }
  }

  /** How many bytes the uploads take on the disk that are no updates yet. */
  public long bytes() {
    return byId.values().stream().mapToLong(PausedUpload::bytes).sum();
  }

  /** The model ends: what has come stays for the next process. */
  public void close() {
    byId.values()
        .forEach(upload -> {
          upload.close();
          if (!upload.head().complete()) {
            state.engine().places().paused().release();
          }
        });
    byId.clear();
  }

  /** What the model's uploads have in common. */
  private final class Owner implements PausedUpload.Owner {
    @Override
    public Upload begin(PausedHead head, BodyReader reader) {
      var known = reader.metadata(head);
      Upload upload = beginning.begin(head.round(), head.client(), known.base());
      try {
        upload.check(known, true);
        return upload;
      } catch (RuntimeException e) {
        upload.close();
        throw e;
      }
    }

    @Override
    public Decision.@Nullable Accepted update(PausedHead head) {
      return state
          .look(() -> Optional.ofNullable(state.earlier(head.client(), head.round())))
          .orElse(null);
    }

    @Override
    public Instant now() {
      return PausedUploads.this.now();
    }

    @Override
    public ParkedDecoders parked() {
      return state.engine().parked();
    }

    /** If it cannot be noted, its bytes stay, and are compared again. */
    @Override
    public void complete(PausedFile file) {
      try {
        file.complete();
        if (byId.containsKey(file.head().id())) {
          state.engine().places().paused().release();
        }
      } catch (StorageException e) {
        log("cannot be noted as complete", e);
        keep(file);
      }
    }

    private void keep(PausedFile file) {
      try {
        file.force();
      } catch (StorageException e) {
        log("cannot be kept", e);
      }
    }

    /** Files that cannot be removed go with the round. */
    @Override
    public void remove(PausedUpload upload, PausedFile file) {
      boolean isKnown = byId.remove(upload.head().id(), upload);
      byClient.remove(Key.of(upload), upload); // unless another one has replaced it
      if (isKnown && !upload.head().complete()) {
        state.engine().places().paused().release();
      }
      try {
        file.remove();
      } catch (StorageException e) {
        log("cannot be removed yet", e);
      }
    }

    @Override
    public void log(String what, StorageException cause) {
      state.engine().logError("model %s: an upload %s".formatted(state.model(), what), cause);
    }
  }
}
