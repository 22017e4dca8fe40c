package io.fedstep.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fedstep.codec.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Parts of a file that read as zeros: never forced, or gone bad. */
class LineFileTest {
  private final Disk disk = Unforced.disk();
  @TempDir private Path folder;
  private Path path;
  private final List<Long> ends = new ArrayList<>();

  /** A first line, then lines 1 and 2 forced together, then line 3 forced, then 4 and 5 not. */
  @BeforeEach
  void write() throws IOException {
    path = folder.resolve("lines.jsonl");
    try (LineFile file = LineFile.create(disk, path, List.of(Json.object().put("line", 0)))) {
      ends.add(Files.size(path));
      for (int line = 1; line <= 5; line++) {
        file.append(List.of(Json.object().put("line", line)));
        ends.add(Files.size(path));
        if (line == 2 || line == 3) {
          file.force();
        }
      }
    }
  }

  private void zero(long from, long to) throws IOException {
    byte[] bytes = Files.readAllBytes(path);
    for (long i = from; i < to; i++) {
      bytes[(int) i] = 0;
    }
    Files.write(path, bytes);
  }

  private List<Integer> read() {
    var entries = new ArrayList<ObjectNode>();
    LineFile.Found found = LineFile.open(disk, path, entries::add);
    found.file().close();
    return entries.stream().map(entry -> entry.path("line")).map(JsonNode::asInt).toList();
  }

  @Test
  void everyLine_isReadAgain() {
    assertThat(read()).containsExactly(0, 1, 2, 3, 4, 5);
  }

  @Test
  void zerosBehindTheLastForce_areCutOff_withWhatFollows() throws IOException {
    zero(ends.get(3) + 4, ends.get(3) + 20);
    assertThat(read()).containsExactly(0, 1, 2, 3);
    assertThat(Files.size(path)).isEqualTo(ends.get(3));
    assertThat(read()).containsExactly(0, 1, 2, 3);
  }

  @Test
  void zerosAtTheEnd_areCutOff() throws IOException {
    zero(ends.get(4), ends.get(5));
    assertThat(read()).containsExactly(0, 1, 2, 3, 4);
  }

  @Test
  void zerosInALine_behindWhichMoreWasForced_areCorruption() throws IOException {
    zero(ends.get(1) + 4, ends.get(1) + 20);
    assertThatThrownBy(this::read)
        .isInstanceOf(CorruptionException.class)
        .hasMessageContaining("lines.jsonl")
        .hasMessageContaining("byte " + ends.get(1));
  }
}
