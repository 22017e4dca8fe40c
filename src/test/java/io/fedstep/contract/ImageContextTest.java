package io.fedstep.contract;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.process.BesideOthers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the image copies reaches its build. */
@BesideOthers
class ImageContextTest {
  private static boolean isSent(String file, List<String> patterns) {
    boolean sent = true;
    for (String pattern : patterns) { // the last one that fits decides
      boolean back = pattern.startsWith("!");
      String place = pattern.substring(back ? 1 : 0);
      if (place.equals("*") || file.equals(place) || file.startsWith(place + "/")) {
        sent = back;
      }
    }
    return sent;
  }

  @Test
  void copiedFiles_areSent() throws IOException {
    List<String> patterns =
        Files.readAllLines(Path.of(".dockerignore")).stream()
            .filter(line -> !line.isBlank() && !line.startsWith("#"))
            .toList();
    List<String> files =
        Files.readAllLines(Path.of("docker/Dockerfile")).stream()
            .filter(line -> line.startsWith("COPY ") && !line.contains("--from="))
            .map(line -> line.split(" +"))
            .flatMap(words -> Arrays.stream(words, 1, words.length - 1))
            .filter(word -> !word.startsWith("--"))
            .toList();
    assertThat(files).contains("pom.xml", "src", "docker/backup.sh");
    assertThat(files)
        .allSatisfy(file -> {
          assertThat(Path.of(file)).exists();
          assertThat(isSent(file, patterns)).as(file).isTrue();
        });
    assertThat(isSent("src/test/java", patterns)).isFalse();
  }
}
