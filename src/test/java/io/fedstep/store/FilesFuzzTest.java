package io.fedstep.store;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.fedstep.codec.Json;
import io.fedstep.codec.SpecCodec;
import io.fedstep.model.ModelSpec;
import io.fedstep.round.Payload;
import io.fedstep.round.Plain;
import io.fedstep.round.Round;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** Files of the data folder of which some bytes are others: opened as they were, or named. */
class FilesFuzzTest {
  private static final ModelSpec SPEC =
      SpecCodec.read(
          Json.readObject(
              new ByteArrayInputStream(
                  "{\"tensors\": {\"w\": [3]}}".getBytes(StandardCharsets.UTF_8))));

  private final Disk disk = Unforced.disk();
  @TempDir private Path folder;

  @BeforeEach
  void model() throws IOException {
    Files.createDirectories(folder.resolve("model"));
  }

  /** Opens what stands in a file, or sees it refused by name. */
  private static void open(Path file, byte[] bytes, Consumer<Path> opener) throws IOException {
    Files.write(file, bytes);
    try {
      opener.accept(file);
    } catch (StorageException e) {
      assertThat(e).hasMessageContaining(file.getFileName().toString());
    }
  }

  @FuzzTest(maxDuration = "2m")
  void journal(byte[] bytes) throws IOException {
    open(
        folder.resolve("journal.jsonl"),
        bytes,
        file -> Journal.open(disk, file, Plain.of(SPEC)).journal().close());
  }

  @FuzzTest(maxDuration = "2m")
  void journalWithOtherBytes(byte[] places) throws IOException {
    Path file = folder.resolve("journal.jsonl");
    var rows = new RowLayout(SPEC, Payload.Row.of(SPEC), 12);
    Journal.create(disk, file, "m", rows, new Round(0, "3f9c2a71-0", Instant.EPOCH)).close();
    byte[] bytes = Files.readAllBytes(file);
    for (int i = 0; i + 1 < places.length; i += 2) {
      bytes[(places[i] & 0xff) % bytes.length] = places[i + 1];
    }
    journal(bytes);
  }

  @FuzzTest(maxDuration = "2m")
  void reports(byte[] bytes) throws IOException {
    open(folder.resolve("0000001.jsonl"), bytes, file -> Reports.at(disk, file).close());
  }

  @FuzzTest(maxDuration = "2m")
  void document(byte[] bytes) throws IOException {
    open(folder.resolve("version.json"), bytes, file -> Document.read(disk, file));
  }

  /** A whole model of which one file has other bytes. */
  @FuzzTest(maxDuration = "2m")
  void model(byte[] seed) throws IOException {
    var random = new Random(Arrays.hashCode(seed));
    Path data = folder.resolve("data" + random.nextInt(Integer.MAX_VALUE));
    try (var fresh = new DataFolder(disk, data)) {
      fresh.create(new ModelHead("m", "3f9c2a71", Instant.EPOCH, SPEC, false, -1, "secret"));
      fresh.open("m", 2).close();
    }
    try (var files = Files.walk(data.resolve("models"))) {
      var all = files.filter(Files::isRegularFile).sorted().toList();
      Path one = all.get(random.nextInt(all.size()));
      byte[] bytes = Files.readAllBytes(one);
      for (int i = 0; i < 3 && bytes.length > 0; i++) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      }
      Files.write(one, bytes);
    }
    try (var again = new DataFolder(disk, data)) {
      again.open("m", 2).close();
    } catch (StorageException e) {
      assertThat(e).hasMessageContaining(data.toString());
    }
  }
}
