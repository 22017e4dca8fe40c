package io.fedstep.coordinator;

import io.fedstep.problem.Refusal;
import io.fedstep.round.Decision;
import io.fedstep.store.CorruptionException;
import io.fedstep.store.PausedHead;
import java.io.IOException;
import java.io.InputStream;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * An update whose body comes in several requests. One of them transfers bytes at a time: what comes
 * later ends it.
 */
public final class PausedUpload {
  private final ModelState state;
  private final PlacedFile file;
  private final DecodedBytes bytes;
  private final Consumer<PausedUpload> whenEnded;
  private final UploadLock lock = new UploadLock(this::settle, this::remove);
  private volatile Instant lastByte;

  /** The bytes of the upload that are durable, which alone are told. */
  private volatile long offset;

  /**
   * What is known of an upload.
   *
   * @param offset bytes that are durable
   */
  public record Standing(long offset, boolean isComplete, long length) {}

  /**
   * An upload, in whose file some bytes may be.
   *
   * @param whenEnded is told that it is none any more
   */
  PausedUpload(
      ModelState state,
      Upload.Beginning beginning,
      PlacedFile file,
      Instant lastByte,
      Consumer<PausedUpload> whenEnded) {
    this.state = state;
    this.file = file;
    this.lastByte = lastByte;
    this.whenEnded = whenEnded;
    bytes = new DecodedBytes(file.file(), beginning, state.engine().parked(), this::letGo);
  }

  /** What its creation said. */
  public PausedHead head() {
    return bytes.head();
  }

  /** When its last byte came. */
  Instant lastByte() {
    return lastByte;
  }

  /** Bytes that it takes on the disk. */
  long bytes() {
    return file.file().bytes();
  }

  /** Ends a transfer that hangs, and tells how much is there. */
  public Standing standing() {
    return locked(() -> {
      lock.takeOver();
      offset = bytes.force();
      return new Standing(offset, head().complete(), head().length());
    });
  }

  /** What was told last, or null if the upload has ended. */
  public @Nullable Standing told() {
    return lock.hasEnded() ? null : new Standing(offset, head().complete(), head().length());
  }

  /** Does something under the lock; bytes that are not as they were kept end the upload alone. */
  private <T extends @Nullable Object, E extends Exception> T locked(UploadLock.Action<T, E> action)
      throws E {
    return lock.locked(() -> {
      try {
        return action.run();
      } catch (CorruptionException e) {
        file.isCorrupt(e);
        lock.end(UploadRefusals.unknown());
        throw UploadRefusals.unknown().exception();
      }
    });
  }

  private void change(Runnable action) {
    locked(() -> {
      action.run();
      return this;
    });
  }

  /**
   * Takes bytes in; returns the answer of the update that they complete, or null. A refusal leaves
   * what came, unless it is about the whole: {@link #told} says which.
   */
  public Upload.@Nullable Answer take(SentBytes sent, BodyReader reader) throws IOException {
    var mine = new UploadLock.Transfer(sent.stop());
    Upload.Answer known = locked(() -> begin(mine, sent, reader));
    if (known != null) {
      return known;
    }
    try {
      copy(mine, sent.body(), reader);
      return sent.completes() ? locked(() -> complete(mine, reader)) : null;
    } finally {
      change(() -> lock.leave(mine));
    }
  }

  private Upload.@Nullable Answer begin(
      UploadLock.Transfer mine, SentBytes sent, BodyReader reader) {
    lock.takeOverAlone();
    offset = bytes.force();
    sent.checkPlace(offset, head().length());
    checkWithin(sent.end());
    if (head().complete()) {
      return repeated();
    }
    lock.judged(() -> bytes.beginUpdate(reader)).close();
    lock.begin(mine);
    return null;
  }

  private void copy(UploadLock.Transfer mine, InputStream body, BodyReader reader)
      throws IOException {
    var kept = new KeptBody(body, (piece, from, count) -> keep(mine, piece, from, count));
    if (kept.isEmpty()) {
      return;
    }
    PiecewiseDecoder decoder =
        locked(() -> {
          lock.check(mine);
          return lock.judged(() -> bytes.begin(reader));
        });
    try {
      decoder.give(kept);
      change(() -> lock.judged(decoder::check));
    } finally {
      change(bytes::end);
    }
  }

  private void keep(UploadLock.Transfer mine, byte[] piece, int from, int count)
      throws IOException {
    locked(() -> {
      lock.brings(mine);
      checkWithin(bytes.length() + count);
      lastByte = state.engine().clock().instant();
      bytes.keep(piece, from, count);
      return mine;
    });
  }

  /** Bytes beyond the end are about the whole, unless it is an update already. */
  private void checkWithin(long end) {
    if (end > head().length()) {
      Refusal beyond = UploadRefusals.beyond(head().length());
      if (!head().complete()) {
        lock.end(beyond);
      }
      throw beyond.exception();
    }
  }

  /** A transfer is over: what it brought is made durable. */
  private void settle() {
    offset = bytes.rest();
  }

  private Upload.Answer complete(UploadLock.Transfer mine, BodyReader reader) throws IOException {
    lock.checkLast(mine);
    if (head().complete()) {
      return repeated();
    }
    if (bytes.length() != head().length()) {
      throw UploadRefusals.otherEnd(bytes.length(), head().length()).exception();
    }
    Upload.Answer answer = lock.judged(() -> bytes.submit(reader));
    lock.abandon(); // what it brought is an update's, whatever becomes of the file
    file.complete();
    offset = head().length();
    return answer;
  }

  /** The receipt once more. */
  private Upload.Answer repeated() {
    Decision.Accepted update =
        state
            .look(() -> Optional.ofNullable(state.earlier(head().client(), head().round())))
            .orElseThrow(() -> UploadRefusals.unknown().exception());
    return new Upload.Answer(update, true);
  }

  // The end

  /** Ends it, and a transfer that hangs; throws if it has ended. */
  public void delete() {
    change(() -> {
      lock.check();
      forget();
    });
  }

  /** Ends it where its client has another one, or was never told of it. */
  public void forget() {
    change(() -> {
      lock.end(UploadRefusals.unknown());
      lock.stop();
    });
  }

  /** Ends it by a refusal, unless a request is busy with it; never waits. */
  boolean endUnlessBusy(Refusal refusal) {
    return lock.unlessBusy(() -> lock.end(refusal));
  }

  private void remove() {
    bytes.dropDecoder();
    bytes.close();
    whenEnded.accept(this);
    file.remove();
  }

  private void letGo() {
    lock.unlessBusy(bytes::letGo);
  }

  /** Gives up what is open; the bytes stay for the next process. */
  void close() {
    file.release();
    lock.unlessBusy(() -> {
      lock.abandon();
      bytes.dropDecoder();
      bytes.close();
    });
  }
}
