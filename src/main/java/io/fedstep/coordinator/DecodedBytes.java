package io.fedstep.coordinator;

import io.fedstep.problem.RefusedException;
import io.fedstep.store.PausedFile;
import io.fedstep.store.PausedHead;
import io.fedstep.store.StorageException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of an upload that have come: in a file, and read by the decoder that fills the update's
 * row. Where there is no decoder, as after a restart, or it may have read other bytes than the file
 * has, it is made anew from that. For one thread at a time, but for {@link PiecewiseDecoder#give}.
 */
final class DecodedBytes {
  private final PausedFile file;
  private final Upload.Beginning beginning;
  private final ParkedDecoders parked;
  private final ParkedDecoders.Resting resting;
  private @Nullable UpdateDecoder decoder;

  /** Whether the decoder reads what comes. */
  private boolean reading;

  /** Whether the decoder goes as soon as it does not read. */
  private boolean stale;

  /** What writes to the file, as long as bytes come. */
  private @Nullable WriteBehind behind;

  /**
   * The bytes in a file.
   *
   * @param parked where the decoder rests between requests
   * @param resting has {@link #letGo} done
   */
  DecodedBytes(
      PausedFile file,
      Upload.Beginning beginning,
      ParkedDecoders parked,
      ParkedDecoders.Resting resting) {
    this.file = file;
    this.beginning = beginning;
    this.parked = parked;
    this.resting = resting;
  }

  PausedHead head() {
    return file.head();
  }

  /** Bytes that have come. */
  long length() {
    return behind != null ? behind.length() : file.length();
  }

  /** Has the update begin as a whole one would, or throws the refusal. */
  Upload beginUpdate(BodyReader reader) {
    return reader.begin(head(), beginning);
  }

  /** Has a decoder wait for bytes to come, which it reads until {@link #end}. */
  PiecewiseDecoder begin(BodyReader reader) {
    file.open();
    UpdateDecoder waits = decoder(reader);
    parked.remove(resting);
    behind = new WriteBehind(file, waits.digest());
    reading = true;
    return waits.reads();
  }

  private UpdateDecoder decoder(BodyReader reader) {
    UpdateDecoder known = decoder;
    if (known != null) {
      return known;
    }
    UpdateDecoder made = UpdateDecoder.begin(head(), reader, beginUpdate(reader));
    try {
      file.read(made::again);
    } catch (RuntimeException e) {
      made.drop();
      throw e;
    }
    decoder = made;
    return made;
  }

  /** Keeps bytes that the decoder reads as soon as this returns. */
  void keep(byte[] bytes, int from, int count) {
    WriteBehind open = behind;
    if (open == null) {
      throw new IllegalStateException("no bytes are to come");
    }
    agreeing(() -> {
      open.add(bytes, from, count);
      return open;
    });
  }

  /** The decoder reads no more of what comes. */
  void end() {
    reading = false;
    if (stale || (decoder != null && decoder.reads().hasFailed())) {
      stale = false;
      dropDecoder();
    }
  }

  /** Makes durable what has come, and counts it; until more comes, the decoder rests. */
  long rest() {
    long length;
    try {
      length = force();
    } finally {
      close();
    }
    if (decoder != null && !stale) {
      parked.add(resting);
    }
    return length;
  }

  /** Makes durable what has come, and counts it. */
  long force() {
    if (head().complete()) {
      return head().length();
    }
    return agreeing(() -> {
      flush();
      long length = file.length();
      file.force();
      return length;
    });
  }

  /** Has the update decided, all of whose bytes are there; returns once that is durable. */
  Upload.Answer submit(BodyReader reader) {
    return agreeing(() -> {
      flush();
      Upload.Answer answer = decoder(reader).submit(head(), reader);
      dropDecoder();
      close();
      return answer;
    });
  }

  /** Returns once what has come is in the file; durable it is not. */
  private void flush() {
    WriteBehind open = behind;
    if (open != null) {
      try {
        open.flush();
      } catch (StorageException e) {
        behind = null; // whose rest is lost
        throw e;
      }
    }
  }

  /** Does something; where that fails, the decoder may have read other bytes than the file has. */
  private <T> T agreeing(Supplier<T> action) {
    try {
      return action.get();
    } catch (RefusedException | StorageException e) {
      dropDecoder();
      throw e;
    }
  }

  /** No more bytes come for now. */
  void close() {
    if (behind != null) {
      behind.end();
      behind = null;
    }
    file.close();
  }

  /** Gives the decoder and its row up, as soon as it does not read. */
  void dropDecoder() {
    parked.remove(resting);
    UpdateDecoder old = decoder;
    if (old != null && reading) {
      stale = true;
    } else if (old != null) {
      decoder = null;
      old.drop();
    }
  }

  /** The same, if it does not read. */
  void letGo() {
    if (!reading) {
      dropDecoder();
    }
  }
}
