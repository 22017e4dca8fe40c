package io.fedstep.coordinator;

import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.problem.RefusedException;
import io.fedstep.round.Decision;
import io.fedstep.store.CorruptionException;
import io.fedstep.store.PausedFile;
import io.fedstep.store.PausedHead;
import io.fedstep.store.StorageException;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * An update whose body comes in several requests. One of them transfers bytes at a time: what comes
 * later ends it.
 */
public final class PausedUpload implements ParkedDecoders.Resting {
  /** A transfer of which nothing comes for so long hangs: what had reached the server is read. */
  private static final long HANGS_NANOS = Duration.ofMillis(50).toNanos();

  /**
   * For which a transfer that another request ends may go on reading what has reached the server.
   */
  private static final long MOST_NANOS = Duration.ofSeconds(3).toNanos();

  private final Owner owner;
  private final DecodedBytes bytes;
  private final PausedFile file;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition rested = lock.newCondition();

  /** The request whose bytes count, or null. */
  private @Nullable Transfer transfer;

  /** Whether the decoder still reads from a request, be it one whose bytes count no more. */
  private boolean reading;

  /** Whether the decoder goes as soon as it does not read. */
  private boolean stale;

  private volatile Instant lastByte;
  private volatile @Nullable Refusal gone;

  /** The bytes of the upload that are durable, which alone are told. */
  private volatile long offset;

  /** A request that brings bytes. */
  private static final class Transfer {
    private final Runnable stop;
    private long pieces;

    Transfer(Runnable stop) {
      this.stop = stop;
    }
  }

  /**
   * The bytes of one request.
   *
   * @param from where they belong
   * @param completes whether they go to the end
   * @param length how many they are, or -1 where that is not known
   * @param stop ends the request whose bytes do not come
   */
  public record Bytes(long from, boolean completes, long length, InputStream body, Runnable stop) {}

  /**
   * What is known of an upload.
   *
   * @param offset bytes that are durable
   */
  public record Standing(long offset, boolean isComplete, long length) {}

  /** What all uploads of a model have in common. */
  interface Owner {
    /** Has the update begin as a whole one would, or throws the refusal. */
    Upload begin(PausedHead head, BodyReader reader);

    /** The update that an upload is by now, or null. */
    Decision.@Nullable Accepted update(PausedHead head);

    Instant now();

    ParkedDecoders parked();

    /** The upload is an update. */
    void complete(PausedFile file);

    /** The upload is gone. */
    void remove(PausedUpload upload, PausedFile file);

    /** Logs what became of an upload's files. */
    void log(String what, StorageException cause);
  }

  PausedUpload(Owner owner, PausedFile file, Instant lastByte) {
    this.owner = owner;
    this.file = file;
    this.lastByte = lastByte;
    bytes = new DecodedBytes(file, reader -> owner.begin(head(), reader));
  }

  /** The refusal of an address at which there is no upload, or none any more. */
  static Refusal unknown() {
    return Refusal.of(
        Problem.UPLOAD_NOT_FOUND,
        "There is no such upload: it was replaced, has expired, or never was. PUT begins another.");
  }

  /** What its creation said. */
  public PausedHead head() {
    return file.head();
  }

  /** When its last byte came. */
  Instant lastByte() {
    return lastByte;
  }

  /** Bytes that it takes on the disk. */
  long bytes() {
    return file.bytes();
  }

  /** Ends a transfer that hangs, and tells how much is there. */
  public Standing standing() {
    lock.lock();
    try {
      begin();
      offset = force();
      return new Standing(offset, head().complete(), head().length());
    } catch (CorruptionException e) {
      throw corrupt(e);
    } finally {
      lock.unlock();
    }
  }

  /** What was told last, or null if the upload is gone. */
  public @Nullable Standing told() {
    return gone != null ? null : new Standing(offset, head().complete(), head().length());
  }

  /**
   * Ends the transfer that is under way, once what had come for it is read; throws if the upload is
   * gone. The lock is held, and given up meanwhile.
   */
  private void begin() {
    Transfer hangs = transfer;
    long began = System.nanoTime();
    long seen = -1;
    while (hangs != null && transfer == hangs) {
      if (hangs.pieces == seen || System.nanoTime() - began > MOST_NANOS) {
        stop();
        break;
      }
      seen = hangs.pieces;
      try {
        rested.awaitNanos(HANGS_NANOS);
      } catch (InterruptedException e) {
        throw new IllegalStateException("requests are not interrupted", e);
      }
    }
    checkThere();
  }

  /** The same; the decoder reads no more from the request that was ended. */
  private void beginAlone() {
    begin();
    while (reading) {
      rested.awaitUninterruptibly();
      begin();
    }
  }

  private void stop() {
    if (transfer != null) {
      transfer.stop.run();
      rest();
    }
  }

  private void checkThere() {
    Refusal why = gone;
    if (why != null) {
      throw why.exception();
    }
  }

  // Bytes

  /**
   * Takes bytes in; returns the answer of the update that they complete, or null. A refusal leaves
   * what came, unless it is about the whole: {@link #told} says which.
   */
  public Upload.@Nullable Answer take(Bytes sent, BodyReader reader) throws IOException {
    var mine = new Transfer(sent.stop());
    lock.lock();
    try {
      beginAlone();
      offset = force();
      checkPlace(sent);
      if (head().complete()) {
        return repeated();
      }
      judged(() -> {
        owner.begin(head(), reader).close();
        return reader;
      });
      file.open();
      transfer = mine;
      reading = true;
      owner.parked().remove(this);
    } catch (CorruptionException e) {
      throw corrupt(e);
    } finally {
      lock.unlock();
    }
    boolean isAll = false;
    try {
      copy(mine, sent.body(), reader);
      isAll = sent.completes();
    } finally {
      restAfter(mine, isAll);
    }
    return isAll ? complete(reader) : null;
  }

  /** Checks that the bytes begin where they belong, and end where they say. */
  private void checkPlace(Bytes sent) {
    if (sent.from() != offset) {
      throw Refusal.of(
              Problem.OFFSET_DIFFERS,
              "Byte %s is next, not %s; HEAD tells it, too.".formatted(offset, sent.from()))
          .with("expected", offset)
          .with("actual", sent.from())
          .exception();
    }
    long end = sent.from() + Math.max(0, sent.length());
    if (sent.completes() && sent.length() >= 0 && end != head().length()) {
      throw notTheEnd(end);
    }
    checkEnd(end);
  }

  /** Bytes beyond the end are about the whole. */
  private void checkEnd(long end) {
    if (end > head().length()) {
      Refusal beyond =
          Refusal.of(
              Problem.MALFORMED,
              "There are bytes beyond Upload-Length, which is %s.".formatted(head().length()));
      if (!head().complete()) {
        end(beyond);
      }
      throw beyond.exception();
    }
  }

  private RefusedException notTheEnd(long end) {
    return Refusal.of(
            Problem.MALFORMED,
            "The bytes end at %s, not at Upload-Length, which is %s."
                .formatted(end, head().length()))
        .exception();
  }

  private void copy(Transfer mine, InputStream body, BodyReader reader) throws IOException {
    var kept = new KeptBody(body, (piece, from, count) -> keep(mine, piece, from, count));
    if (kept.isEmpty()) {
      return;
    }
    PiecewiseDecoder decoder =
        locked(() -> {
          checkTransfer(mine);
          return judged(() -> bytes.begin(reader));
        });
    try {
      decoder.give(kept);
    } catch (StorageException e) {
      locked(() -> {
        dropDecoder(); // which may have other bytes than the file
        return e;
      });
      throw e;
    }
    locked(() ->
        judged(() -> {
          decoder.check();
          return decoder;
        }));
  }

  private void checkTransfer(Transfer mine) throws IOException {
    checkThere();
    if (transfer != mine) {
      throw new IOException("another request took over");
    }
  }

  private void keep(Transfer mine, byte[] piece, int from, int count) throws IOException {
    locked(() -> {
      checkTransfer(mine);
      checkEnd(bytes.length() + count);
      lastByte = owner.now();
      mine.pieces++;
      bytes.keep(piece, from, count);
      return mine;
    });
  }

  /** What is done under the lock. */
  private interface Locked<T> {
    T run() throws IOException;
  }

  private <T> T locked(Locked<T> action) throws IOException {
    lock.lock();
    try {
      return action.run();
    } catch (CorruptionException e) {
      throw corrupt(e);
    } finally {
      lock.unlock();
    }
  }

  /** The decoder reads no more; if all is there, what came is made durable as an update. */
  private void restAfter(Transfer mine, boolean isAll) {
    lock.lock();
    try {
      reading = false;
      rested.signalAll();
      if (stale || gone != null) {
        stale = false;
        bytes.dropDecoder();
      }
      if (transfer == mine) {
        transfer = null;
        if (!isAll) {
          settle();
        }
      }
    } finally {
      lock.unlock();
    }
  }

  /** Another request takes over. The lock is held. */
  private void rest() {
    transfer = null;
    rested.signalAll();
    settle();
  }

  /** What came is made durable, and the decoder waits. The lock is held. */
  private void settle() {
    if (gone != null) {
      return;
    }
    try {
      offset = force();
    } finally {
      bytes.close();
    }
    if (!stale && bytes.hasDecoder()) {
      owner.parked().add(this);
    }
  }

  /** Makes durable what has come, and counts it. */
  private long force() {
    try {
      return bytes.force();
    } catch (StorageException e) {
      dropDecoder(); // which has other bytes than the file
      throw e;
    }
  }

  private Upload.Answer complete(BodyReader reader) {
    lock.lock();
    try {
      checkThere();
      if (head().complete()) {
        return repeated();
      }
      return submit(reader);
    } catch (CorruptionException e) {
      throw corrupt(e);
    } finally {
      lock.unlock();
    }
  }

  private Upload.Answer submit(BodyReader reader) {
    boolean isUpdate = false;
    try {
      if (bytes.length() != head().length()) {
        throw notTheEnd(bytes.length());
      }
      owner.parked().remove(this);
      Upload.Answer answer = judged(() -> bytes.submit(reader));
      isUpdate = true;
      bytes.close();
      owner.complete(file);
      offset = head().length();
      return answer;
    } catch (StorageException e) {
      dropDecoder(); // which may have other bytes than the file
      throw e;
    } finally {
      if (!isUpdate) {
        settle();
      }
    }
  }

  /** The receipt once more. */
  private Upload.Answer repeated() {
    Decision.Accepted update = owner.update(head());
    if (update == null) {
      throw unknown().exception();
    }
    return new Upload.Answer(update, true);
  }

  // Refusals

  /** Does something; a refusal about the whole ends the upload, others leave its bytes. */
  private <T> T judged(Supplier<T> action) {
    try {
      return action.get();
    } catch (RefusedException e) {
      if (isAboutTheWhole(e.refusal())) {
        end(e.refusal());
      } else {
        dropDecoder();
      }
      throw e;
    }
  }

  /** Whether nothing changes if it is tried again later. */
  private static boolean isAboutTheWhole(Refusal refusal) {
    return refusal.retryAfter() == null
        && refusal.status() < 500
        && refusal.problem() != Problem.TRAINING_STOPPED;
  }

  /** Bytes that are not as they were kept are of no use; the model is none the worse for it. */
  private RefusedException corrupt(CorruptionException e) {
    owner.log("cannot be read, and is removed", e);
    end(unknown());
    return unknown().exception();
  }

  // The end

  /** Ends it, and a transfer that hangs; throws if it is gone. */
  public void delete() {
    lock.lock();
    try {
      stop();
      checkThere();
      end(unknown());
    } finally {
      lock.unlock();
    }
  }

  /** Ends it where its client has another one, or was never told of it. */
  public void forget() {
    lock.lock();
    try {
      if (transfer != null) {
        transfer.stop.run();
        transfer = null;
      }
      end(unknown());
    } finally {
      lock.unlock();
    }
  }

  /** Ends it by a refusal, unless a request is busy with it; never waits. */
  void endUnlessBusy(Refusal refusal) {
    unlessBusy(() -> end(refusal));
  }

  /** Ends it: every later request is refused, and its files are removed. The lock is held. */
  private void end(Refusal refusal) {
    if (gone == null) {
      gone = refusal;
      dropDecoder();
      bytes.close();
      owner.remove(this, file);
    }
  }

  private void dropDecoder() {
    owner.parked().remove(this);
    if (reading) {
      stale = true;
    } else {
      bytes.dropDecoder();
    }
  }

  @Override
  public void letGo() {
    unlessBusy(() -> {
      if (transfer == null) {
        dropDecoder();
      }
    });
  }

  /** Gives up what is open; the bytes stay for the next process. */
  void close() {
    unlessBusy(() -> {
      transfer = null; // what still comes is refused
      dropDecoder();
      bytes.close();
    });
  }

  private void unlessBusy(Runnable action) {
    if (lock.tryLock()) {
      try {
        action.run();
      } finally {
        lock.unlock();
      }
    }
  }
}
