package io.fedstep;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The page of tests says what each large one guards, and names none that is not there. */
class TestingPageTest {
  /** Lines of a class that the page has to name. */
  private static final int LARGE = 150;

  private static final Pattern CLASS = Pattern.compile("\\b\\w+Test\\b");
  private static final Pattern MODULE = Pattern.compile("\\btest_\\w+\\.py\\b");

  private static Set<String> named(Pattern kind) throws IOException {
    return kind.matcher(Files.readString(Path.of("docs/TESTING.md")))
        .results()
        .map(found -> found.group())
        .collect(Collectors.toSet());
  }

  private static List<String> files(String folder, String end, Predicate<Path> which)
      throws IOException {
    try (Stream<Path> files = Files.walk(Path.of(folder))) {
      return files
          .filter(file -> file.toString().endsWith(end) && which.test(file))
          .map(file -> file.getFileName().toString())
          .toList();
    }
  }

  private static List<String> classes(Predicate<Path> which) throws IOException {
    return files("src/test/java", "Test.java", which).stream()
        .map(file -> file.substring(0, file.length() - ".java".length()))
        .toList();
  }

  private static boolean isLarge(Path file) {
    try (Stream<String> lines = Files.lines(file)) {
      return lines.count() >= LARGE;
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void largeClasses_areNamed() throws IOException {
    assertThat(named(CLASS)).containsAll(classes(TestingPageTest::isLarge));
  }

  @Test
  void classesThatAreNamed_areThere() throws IOException {
    assertThat(classes(_ -> true)).containsAll(named(CLASS));
  }

  @Test
  void testsInPython_areNamed_andThere() throws IOException {
    List<String> modules =
        files("clients/python/tests", ".py", file -> MODULE.matcher(file + "").find());
    assertThat(named(MODULE)).containsExactlyInAnyOrderElementsOf(modules);
  }
}
