package io.fedstep;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.fedstep.process.BesideOthers;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Regular expressions take steps in proportion to the text that they read, whatever it is: no part
 * of an example, repeated anywhere in it, makes one slower than that.
 */
@BesideOthers
class LinearExpressionsTest {
  private static final Path SOURCES = Path.of("src/main/java");

  /** A dict as NumPy writes it. */
  private static final String NPY = "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }";

  /** A text in which each expression is found; one that is new needs an example here. */
  private static final Map<String, String> EXAMPLES =
      Map.ofEntries(
          Map.entry("Durations.FORM", "12.5ms"),
          Map.entry("Npy.DICT", NPY),
          Map.entry("Npy.DESCR", NPY),
          Map.entry("Npy.ORDER", NPY),
          Map.entry("Npy.SHAPE", NPY),
          Map.entry("Npy.ONE", " 3 , "),
          Map.entry("Name.FORM", "alice-1"),
          Map.entry("Participation.ID", "alice-1"),
          Map.entry("SafetyRules.METRIC", "loss"),
          Map.entry("MaskedValues.METRIC", "loss.1"),
          Map.entry("Tags.NUMBER", "17"),
          Map.entry("UpdateMetadata.METRIC_NAME", "loss.1"),
          Map.entry("ByteRange.ONE", "bytes= 10-99 ,"),
          Map.entry("EntityTags.TAG", "W/\"a-1\", \"b\""),
          Map.entry("Query.NUMBER", "12"),
          Map.entry("Query.DECIMAL", "-12.50e+10"),
          Map.entry("Query.NOT_FINITE", "-infinity"),
          Map.entry("EventStream.ID", "7.2"),
          Map.entry("FoundVersions.LEAVINGS", ".draft-7"),
          Map.entry("Names.NUMBER", "0000007"),
          Map.entry("AuditLog.CONTRIBUTION", "/v1/models/m/rounds/0/updates/a"),
          Map.entry("AuditLine.UNPRINTABLE", "a\u00e9b"),
          Map.entry("LoopbackHostFilter.LOOPBACK", "a.b.localhost"),
          Map.entry("OriginFilter.AUTHORITY", "[::1]:8080"),
          Map.entry("SecretLines.SECRET", "a bearer  b authorization: c"),
          Map.entry("UnknownKeys.OTHERS", "FEDSTEP_A_PORT_8080_TCP"));

  /** Those that are looked for in a text, which the others have to match whole. */
  private static final Set<String> FOUND =
      Set.of(
          "Npy.DESCR",
          "Npy.ORDER",
          "Npy.SHAPE",
          "EntityTags.TAG",
          "AuditLine.UNPRINTABLE",
          "SecretLines.SECRET");

  private static final String OTHERS = " 0aA\"'.,/*-";
  private static final int TIMES = 250;

  /** More steps than any text of that length takes in proportion to it. */
  private static final int TOO_MANY = 1_000_000;

  /** One of ours; what an operator writes is another matter. */
  private static final Pattern COMPILED = Pattern.compile("Pattern\\.compile\\(\\s*+\"");

  /** An expression written where it is used; a single character to split at is none. */
  private static final Pattern INLINE =
      Pattern.compile("\\.(?:matches|replaceAll|replaceFirst)\\(\"|\\.split\\(\"[^\"]{3,}\"");

  /** Packages that read what clients write. */
  private static final List<String> READING =
      List.of(
          "codec", "coordinator", "kafka", "local", "metrics", "model", "problem", "round", "web");

  private static List<Path> sources() {
    try (Stream<Path> files = Files.walk(SOURCES)) {
      return files.filter(file -> file.toString().endsWith(".java")).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<Field> constants(Path file) {
    String name = SOURCES.relativize(file).toString().replace('/', '.').replace(".java", "");
    try {
      return Arrays.stream(Class.forName(name).getDeclaredFields())
          .filter(field -> field.getType() == Pattern.class)
          .toList();
    } catch (ClassNotFoundException e) {
      throw new IllegalStateException(e);
    }
  }

  static Stream<Arguments> expressions() {
    return sources().stream()
        .filter(file -> COMPILED.matcher(text(file)).find())
        .flatMap(file -> constants(file).stream())
        .map(field ->
            arguments(field.getDeclaringClass().getSimpleName() + "." + field.getName(), field));
  }

  @Test
  void expression_isAConstant() {
    for (Path file : sources()) {
      int compiled = (int) COMPILED.matcher(text(file)).results().count();
      if (compiled > 0) {
        assertThat(constants(file)).as("constants of %s", file).hasSize(compiled);
      }
      if (READING.stream().anyMatch(one -> file.startsWith(SOURCES.resolve("io/fedstep/" + one)))) {
        assertThat(INLINE.matcher(text(file)).find())
            .as("%s has an expression that is no constant", file)
            .isFalse();
      }
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("expressions")
  void expression_takesStepsInProportionToItsText(String name, Field constant)
      throws IllegalAccessException {
    constant.setAccessible(true);
    Pattern expression = (Pattern) constant.get(null);
    assertThat(EXAMPLES).as("an example for %s", name).containsKey(name);
    String example = Objects.requireNonNull(EXAMPLES.get(name));
    boolean found = FOUND.contains(name);
    Matcher known = expression.matcher(example);
    assertThat(found ? known.find() : known.matches()).as("%s in '%s'", name, example).isTrue();
    for (String repeated : repeated(example)) {
      for (int at = 0; at <= example.length(); at++) {
        String before = example.substring(0, at);
        String after = example.substring(at);
        for (String end : new String[] {after, after + "\0", "\0"}) {
          long once = steps(expression, found, before + repeated.repeat(TIMES) + end);
          long twice = steps(expression, found, before + repeated.repeat(2 * TIMES) + end);
          assertThat(twice)
              .as("%s in %s[%s]%s", expression, before, repeated, end)
              .isLessThan(5 * once / 2 + 10_000);
        }
      }
    }
  }

  /** What the planted one shows: the check finds an expression that backtracks. */
  @Test
  void expressionThatBacktracks_isFound() {
    Pattern planted = Pattern.compile("\\d+\\.?\\d*");
    long once = steps(planted, false, "1".repeat(TIMES) + "x");
    assertThat(steps(planted, false, "1".repeat(2 * TIMES) + "x"))
        .isGreaterThan(5 * once / 2 + 10_000);
  }

  private static Set<String> repeated(String example) {
    var parts = new LinkedHashSet<String>();
    OTHERS.chars().forEach(one -> parts.add(Character.toString(one)));
    for (int length = 1; length <= 2; length++) {
      for (int from = 0; from + length <= example.length(); from++) {
        parts.add(example.substring(from, from + length));
      }
    }
    return parts;
  }

  private static long steps(Pattern expression, boolean found, String text) {
    var counted = new Counted(text);
    Matcher matcher = expression.matcher(counted);
    if (!found) {
      var _ = matcher.matches();
      return counted.steps;
    }
    while (matcher.find()) {
      // the next one
    }
    return counted.steps;
  }

  /** A text that counts how often a character of it is looked at. */
  private static final class Counted implements CharSequence {
    private final String text;
    private long steps;

    Counted(String text) {
      this.text = text;
    }

    @Override
    public char charAt(int index) {
      if (++steps > TOO_MANY) {
        throw new AssertionError("more than %s steps".formatted(TOO_MANY));
      }
      return text.charAt(index);
    }

    @Override
    public int length() {
      return text.length();
    }

    @Override
    public CharSequence subSequence(int from, int to) {
      return text.substring(from, to);
    }

    @Override
    public String toString() {
      return text;
    }
  }
}
