package io.fedstep;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.ArchRule;
import io.fedstep.planted.circle.First;
import io.fedstep.planted.model.TakesChances;
import io.fedstep.planted.model.UsesVector;
import io.fedstep.planted.round.OpensAFile;
import io.fedstep.planted.store.UsesTheRoot;
import io.fedstep.planted.unlisted.Stranger;
import io.fedstep.planted.vector.UsesJackson;
import io.fedstep.planted.vector.UsesModel;
import io.fedstep.planted.web.UsesSpring;
import io.fedstep.planted.wire.UsesMvc;
import io.fedstep.process.BesideOthers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Who may import whom. */
@BesideOthers
class ArchitectureTest {
  /** What each package may use beside itself, {@code java} and JSpecify. The root may use all. */
  private static final String TABLE =
      """
      problem:
      plugin:
      vector:
      aggregate:   plugin vector
      optim:       plugin vector
                   javax.crypto
      privacy:
                   javax.crypto
      secure:
                   javax.crypto
      thin:
      model:       privacy secure aggregate optim plugin vector
      round:       model privacy secure aggregate vector problem
      codec:       round model privacy secure thin aggregate optim plugin vector problem
                   tools.jackson
      store:       codec round model privacy secure aggregate optim plugin vector problem
                   tools.jackson org.slf4j
      close:       store codec round model privacy secure aggregate optim plugin vector problem
      quota:       problem
      coordinator: quota close store codec round model privacy secure aggregate optim plugin vector problem
                   org.slf4j
      local:       coordinator close store codec round model privacy secure aggregate optim plugin vector problem
      kafka:       coordinator close store codec round model privacy secure aggregate optim plugin vector problem
                   org.apache.kafka tools.jackson org.slf4j
      wire:        quota store codec problem
                   jakarta.servlet org.apache.catalina org.apache.coyote org.apache.tomcat
                   org.springframework.http com.github.luben tools.jackson org.slf4j
      security:    wire quota model problem
                   org.springframework jakarta.servlet jakarta.validation javax.naming javax.security tools.jackson
                   org.slf4j ch.qos.logback
      web:         security wire quota coordinator store codec round model privacy secure aggregate optim plugin vector problem
                   org.springframework jakarta.servlet org.yaml
                   tools.jackson org.apache.catalina org.slf4j
      metrics:     coordinator kafka round quota io.micrometer org.slf4j
      client:      privacy secure thin javax.net.ssl tools.jackson
      demo:        client org.springframework tools.jackson
      warm:        client org.springframework
      """;

  /** Packages that neither ask for the time nor throw dice. */
  private static final List<String> DETERMINISTIC =
      List.of(
          "problem",
          "plugin",
          "vector",
          "aggregate",
          "optim",
          "privacy",
          "secure",
          "thin",
          "model",
          "round",
          "codec");

  private static final Pattern TIME_OR_DICE =
      Pattern.compile(
          """
          java.time.+[.]now[(].*|java.time.(Clock|InstantSource)[.]system.*|\
          java.lang.System.(currentTimeMillis|nanoTime)[(][)]|\
          java.lang.Math.random[(][)]|java.util.UUID.randomUUID[(][)]|\
          java.util.(Splittable)?Random.<init>[(][)]|\
          java.util.concurrent.ThreadLocalRandom[.].*|java.security.SecureRandom[.].*\
          """);

  private static Map<String, List<String>> table() {
    var rows = new LinkedHashMap<String, List<String>>();
    List<String> row = List.of();
    for (MatchResult word : Pattern.compile("([\\w.]+)(:?)").matcher(TABLE).results().toList()) {
      if (word.group(2).isEmpty()) {
        row.add(word.group(1));
      } else {
        row = new ArrayList<>();
        rows.put(word.group(1), row);
      }
    }
    return rows;
  }

  // --- the rules, for the packages under a root

  private static Map<String, ArchRule> rules(String root) {
    var rules = new LinkedHashMap<String, ArchRule>();
    table().forEach((name, uses) -> rules.put(name, usesOnly(root, name, uses)));
    rules.put("a row for each package", eachPackageHasARow(root));
    rules.put("no cycles", slices().matching(root + ".(*)..").should().beFreeOfCycles());
    rules.put("files", filesAreTheStores(root));
    rules.put("paths", pathsAreTheStoresAndTheStarts(root));
    rules.put("determinism", noClockAndNoDice(root));
    return rules;
  }

  private static ArchRule usesOnly(String root, String name, List<String> uses) {
    var allowed = new ArrayList<>(List.of("java..", "org.jspecify..", in(root, name)));
    for (String use : uses) {
      allowed.add(table().containsKey(use) ? in(root, use) : use + "..");
    }
    return classes()
        .that()
        .resideInAPackage(in(root, name))
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(allowed.toArray(String[]::new));
  }

  private static String in(String root, String name) {
    return root + "." + name + "..";
  }

  private static String[] in(String root, List<String> names) {
    return names.stream().map(name -> in(root, name)).toArray(String[]::new);
  }

  private static ArchRule eachPackageHasARow(String root) {
    return classes()
        .that()
        .resideOutsideOfPackage(root)
        .should()
        .resideInAnyPackage(in(root, List.copyOf(table().keySet())));
  }

  private static ArchRule filesAreTheStores(String root) {
    DescribedPredicate<JavaClass> files =
        resideInAnyPackage("java.nio.file..")
            .or(describe("java.io.File*", type -> type.getName().startsWith("java.io.File")))
            .or(resideIn("java.io.RandomAccessFile", "java.nio.channels.FileChannel"))
            .and(DescribedPredicate.not(resideIn(Path.class.getName())));
    return noClasses()
        .that()
        .resideOutsideOfPackage(in(root, "store"))
        .should()
        .dependOnClassesThat(files);
  }

  private static DescribedPredicate<JavaClass> resideIn(String... names) {
    return describe("one of " + List.of(names), type -> List.of(names).contains(type.getName()));
  }

  private static ArchRule pathsAreTheStoresAndTheStarts(String root) {
    return noClasses()
        .that()
        .resideOutsideOfPackages(root, in(root, "store"), in(root, "security"), in(root, "demo"))
        .should()
        .dependOnClassesThat(resideIn(Path.class.getName()));
  }

  private static ArchRule noClockAndNoDice(String root) {
    return noClasses()
        .that()
        .resideInAnyPackage(in(root, DETERMINISTIC))
        .should()
        .accessTargetWhere(
            describe(
                "the time is asked or dice are thrown",
                access -> TIME_OR_DICE.matcher(access.getTarget().getFullName()).matches()));
  }

  // --- the rules hold

  private static final JavaClasses OURS =
      new ClassFileImporter()
          .importUrl(FedstepApplication.class.getProtectionDomain().getCodeSource().getLocation());

  @TestFactory
  Stream<DynamicTest> rulesHold() {
    return rules("io.fedstep").entrySet().stream()
        .map(rule -> DynamicTest.dynamicTest(rule.getKey(), () -> rule.getValue().check(OURS)));
  }

  /**
   * The circles of files that are known, a line for each, and behind it why it is there. A new one
   * is not let in; one that is gone, or smaller, goes from here.
   */
  private static final String KNOWN_CIRCLES =
      """
      aggregate.SortedDoubles aggregate.SortedFloats aggregate.SortedStrip # a factory of its twins
      problem.Refusal problem.RefusedException # a value and what throws it
      vector.DoubleTile vector.FloatTile vector.Tile # a factory of its twins
      """;

  @Test
  void filesUseEachOther_inNoCircleButTheKnown() {
    assertThat(FileCircles.among(OURS, "io.fedstep"))
        .containsExactlyInAnyOrder(
            KNOWN_CIRCLES
                .lines()
                .map(line -> line.replaceFirst(" #.*", ""))
                .toArray(String[]::new));
  }

  private static final int LONG = 250;
  private static final Path CODE = Path.of("src/main/java/io/fedstep");

  /** In the table of long files, lines are those of the day when a row was last looked at. */
  private static final int NEAR = 30;

  @Test
  void longFiles_areThoseThatContributingGivesAReasonFor() throws IOException {
    var found = new TreeMap<String, Integer>();
    try (Stream<Path> files = Files.walk(CODE)) {
      for (Path file : files.filter(path -> path.toString().endsWith(".java")).toList()) {
        int lines = Files.readAllLines(file).size();
        if (lines > LONG) {
          found.put(CODE.relativize(file).toString(), lines);
        }
      }
    }
    var named = new TreeMap<String, Integer>();
    for (String line : Files.readAllLines(Path.of("docs/CONTRIBUTING.md"))) {
      String[] row = line.split("[|`]", -1);
      if (line.startsWith("| `") && row[2].endsWith(".java")) {
        assertThat(row[5]).as("the reason for %s", row[2]).isNotBlank();
        named.put(row[2], Integer.parseInt(row[4].strip()));
      }
    }
    assertThat(named.keySet())
        .as("files above %s lines, which docs/CONTRIBUTING.md names; cut one, or say why", LONG)
        .isEqualTo(found.keySet());
    named.forEach(
        (file, lines) -> assertThat(found.get(file)).as(file).isCloseTo(lines, within(NEAR)));
  }

  // --- the rules can fire: planted violations, each caught by the rule meant for it

  @TestFactory
  Stream<DynamicTest> rulesFire() {
    return Stream.of(
        caught("vector", UsesModel.class, ".model.UsesVector"),
        caught("vector", UsesJackson.class, "tools.jackson.databind.JsonNode"),
        caught("store", UsesTheRoot.class, "io.fedstep.planted.Root"),
        caught("wire", UsesMvc.class, "org.springframework.web.servlet.HandlerMapping"),
        caught("a row for each package", Stranger.class, "Stranger"),
        caught("files", OpensAFile.class, "FileInputStream", "FileChannel", "nio.file.Files"),
        caught("paths", OpensAFile.class, "java.nio.file.Path"),
        caught(
            "determinism",
            TakesChances.class,
            "calls method <java.time.Instant.now()>",
            "references method <java.time.Instant.now()>",
            "java.time.Clock.systemUTC()",
            "java.lang.System.nanoTime()",
            "java.util.Random.<init>()",
            "java.lang.Math.random()",
            "java.util.concurrent.ThreadLocalRandom.current()"));
  }

  private static DynamicTest caught(String rule, Class<?> planted, String... violations) {
    return DynamicTest.dynamicTest(
        rule + " catches " + planted.getSimpleName(),
        () -> assertThat(String.join("\n", violations(rule, planted))).contains(violations));
  }

  @Test
  void cycle_isCaught() {
    assertThat(violations("no cycles", UsesModel.class, UsesVector.class)).isNotEmpty();
    assertThat(violations("no cycles", UsesVector.class, UsesJackson.class)).isEmpty();
  }

  @Test
  void circleOfFiles_isCaught() {
    JavaClasses planted = new ClassFileImporter().importPackagesOf(First.class);
    assertThat(FileCircles.among(planted, First.class.getPackageName()))
        .containsExactly("First Second Third");
  }

  @Test
  void whatTheTableAllows_passes() {
    assertThat(violations("web", UsesSpring.class)).isEmpty();
    assertThat(violations("model", UsesVector.class)).isEmpty();
    assertThat(violations("determinism", UsesVector.class)).isEmpty();
  }

  private static List<String> violations(String rule, Class<?>... planted) {
    return Objects.requireNonNull(rules("io.fedstep.planted").get(rule))
        .evaluate(new ClassFileImporter().importClasses(planted))
        .getFailureReport()
        .getDetails();
  }
}
