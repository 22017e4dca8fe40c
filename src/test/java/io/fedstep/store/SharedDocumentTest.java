package io.fedstep.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.codec.Json;
import io.fedstep.process.BesideOthers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Processes may write the same document of a shared folder at the same time. */
@BesideOthers
class SharedDocumentTest {
  private static final int WRITERS = 8;
  private static final int TIMES = 25;

  private final Disk disk = Unforced.disk();

  @Test
  void writersAtTheSameTime_leaveOneWholeDocument(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("document.json");
    try (var threads = Executors.newFixedThreadPool(WRITERS)) {
      for (int i = 0; i < TIMES; i++) {
        CompletableFuture.allOf(
                IntStream.range(0, WRITERS)
                    .mapToObj(writer ->
                        CompletableFuture.runAsync(
                            () ->
                                Document.write(
                                    disk, file, Json.object().put("writer", writer), true),
                            threads))
                    .toArray(CompletableFuture[]::new))
            .join();
        assertThat(Document.read(disk, file).path("writer").intValue()).isBetween(0, WRITERS - 1);
      }
    }
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files).containsExactly(file);
    }
  }
}
