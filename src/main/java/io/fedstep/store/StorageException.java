package io.fedstep.store;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A read or a write that failed. */
public class StorageException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** What was missing where nothing was done and the same may succeed later. */
  public enum Want {
    /** Room on the disk, or of a quota. */
    ROOM(List.of(28, 122), List.of("No space left on device", "quota exceeded")),
    /** Files that the process may have open. */
    OPEN_FILES(List.of(24, 23), List.of("Too many open files", "Too many open files in system")),
    /** Rights, or a disk that can be written. */
    RIGHTS(
        List.of(13, 1, 30),
        List.of("Permission denied", "Operation not permitted", "Read-only file system"));

    @SuppressWarnings("ImmutableEnumChecker") // a list that nobody changes
    private final List<String> reasons;

    /** Java tells of most errors by the C library's text alone, which may be translated. */
    Want(List<Integer> numbers, List<String> english) {
      reasons =
          ErrorTexts.areTranslated()
              ? Stream.of(english, ErrorTexts.of(numbers)).flatMap(List::stream).toList()
              : english;
    }

    /** Reads the texts, which has to be before no more files can be opened. */
    static void learn() {} // they are read with the class

    private static @Nullable Want of(IOException cause) {
      if (cause instanceof AccessDeniedException) {
        return RIGHTS;
      }
      String message = "" + cause.getMessage();
      for (Want want : values()) {
        if (want.reasons.stream().anyMatch(message::endsWith)) {
          return want;
        }
      }
      return null;
    }
  }

  /** Whether an operation failed for want of room. */
  static boolean isForRoom(IOException cause) {
    return Want.of(cause) == Want.ROOM;
  }

  private final @Nullable Want want;
  private final String shown;

  /** The version whose files these are, or -1. */
  private long version = -1;

  StorageException(String message) {
    super(message);
    want = null;
    shown = "A file of the server cannot be used; its log says more.";
  }

  /** Of a file that is not as it should be. */
  StorageException(Path file, String what) {
    super(file + " " + what);
    want = null;
    shown = Folders.inModel(file) + " " + what;
  }

  StorageException(Path file, IOException cause) {
    this(file, Want.of(cause), "", cause);
  }

  private StorageException(Path file, @Nullable Want want, String what, IOException cause) {
    super("%s%s: %s".formatted(file, what, cause), cause);
    this.want = want;
    shown = "%s%s: %s".formatted(Folders.inModel(file), what, reason(cause));
  }

  /**
   * A force that failed: what it was to make durable may be lost, so trying again proves nothing.
   */
  static StorageException ofForce(Path file, IOException cause) {
    return new StorageException(file, null, " cannot be forced", cause);
  }

  /** As one is where the process has as many files open as it may. */
  public static StorageException ofOpenFiles() {
    return new StorageException(
        Path.of("any"), new IOException(Want.OPEN_FILES.reasons.getFirst()));
  }

  /** The operating system's reason, without paths. */
  private static String reason(IOException cause) {
    return switch (cause) {
      case NoSuchFileException _ -> "it is missing";
      case AccessDeniedException _ -> "the server has no right to it";
      case FileSystemException e -> e.getReason() == null ? "it failed" : e.getReason();
      default -> "" + cause.getMessage();
    };
  }

  /** What is missing if trying later may help, or null. */
  public @Nullable Want want() {
    return want;
  }

  /** Whether trying later may help: nothing is corrupt, or was half written. */
  public boolean passes() {
    return want != null;
  }

  /** Notes which version's files this is about. */
  StorageException of(long number) {
    version = number;
    return this;
  }

  /** Whether this is of the files of a version alone that is older than the newest. */
  public boolean isOlderThan(long newest) {
    return version >= 0 && version < newest;
  }

  /** The message for clients, without the server's paths. */
  public String shown() {
    return shown;
  }
}
