package io.fedstep.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** What the C library says of errors is what Java's exceptions say of them. */
@EnabledOnOs(OS.LINUX)
class ErrorTextsTest {
  @Test
  void texts_areThoseOfTheNumbers() {
    assumeFalse(ErrorTexts.areTranslated());
    assertThat(ErrorTexts.of(List.of(28, 122, 24, 23, 13, 1, 30)))
        .containsExactly(
            "No space left on device",
            "Disk quota exceeded",
            "Too many open files",
            "Too many open files in system",
            "Permission denied",
            "Operation not permitted",
            "Read-only file system");
  }

  /** Whatever the language. */
  @Test
  void fullDisk_isSaidInTheTextOfItsNumber() throws IOException {
    var full = Path.of("/dev/full");
    try (var channel = FileChannel.open(full, StandardOpenOption.WRITE)) {
      var failure = (IOException) catchThrowable(() -> channel.write(ByteBuffer.allocate(1)));
      assertThat(failure.getMessage()).endsWith(ErrorTexts.of(List.of(28)).getFirst());
      assertThat(new StorageException(full, failure).want()).isEqualTo(StorageException.Want.ROOM);
    }
  }
}
