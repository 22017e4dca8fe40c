package io.fedstep.contract;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.process.BesideOthers;
import io.fedstep.process.ChildServer;
import io.fedstep.secure.Quantizer;
import io.fedstep.secure.Roster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/**
 * After a secure round with a lost member, a search through all that its server has for the numbers
 * of any update: its data folder, its log, its heap and each GET. Of the sum it finds them.
 */
@Tag("slow")
@BesideOthers
class HiddenUpdatesTest {
  private static final int PARAMETERS = 64;
  private static final double CLIP = 4;
  private static final int SEED = 7;
  private static final List<String> ONLINE = SecureTest.FOUR.subList(0, 3);

  private final Needles updates = new Needles();
  private final Needles secrets = new Needles();
  private final Needles sum = new Needles();

  /** Writes the heap of a server, of all objects or of those that are still in use. */
  private static void dumpHeap(ChildServer server, boolean isAll, Path file)
      throws IOException, InterruptedException {
    Path tool = Path.of(System.getProperty("java.home"), "bin", "jcmd");
    Process jcmd =
        new ProcessBuilder(
                tool.toString(),
                "" + server.pid(),
                "GC.heap_dump %s %s".formatted(isAll ? "-all" : "", file))
            .redirectErrorStream(true)
            .start();
    String output = new String(jcmd.getInputStream().readAllBytes(), UTF_8);
    assertThat(jcmd.waitFor()).as(output).isZero();
  }

  /** Sends the updates of those who are not lost, and notes what they are made of. */
  private void send(Model model, Roster roster) {
    var random = new SplittableRandom(SEED);
    Quantizer grid = roster.facts().quantizer();
    double[] total = new double[PARAMETERS];
    double weights = 0;
    for (String client : ONLINE) {
      long weight = random.nextLong(3, 1000);
      double[] values = random.doubles(PARAMETERS, -CLIP, CLIP).toArray();
      for (int i = 0; i < PARAMETERS; i++) {
        total[i] += weight * Math.scalb((double) grid.steps(values[i]), -grid.fractionBits());
        double next = values[(i + 1) % PARAMETERS];
        updates.add(client, values[i], next);
        updates.add(client, weight * values[i], weight * next);
        updates.add(client, grid.steps(values[i]), grid.steps(next));
        updates.add(client, weight * grid.steps(values[i]), weight * grid.steps(next));
        updates.add(
            client + " in words", Double.toString(values[i]).substring(0, 10).getBytes(UTF_8));
      }
      weights += weight;
      byte[] words =
          SecureTest.member(model, client).update(roster, SecureTest.FOUR, values, weight);
      SecureTest.update(model, roster, client, words).is(201);
    }
    for (int i = 0; i + 1 < PARAMETERS; i++) {
      sum.add("sum", -total[i] / weights, -total[i + 1] / weights); // the step subtracts the mean
    }
    for (String client : SecureTest.FOUR) {
      SecureTest.member(model, client)
          .secrets()
          .forEach((what, secret) -> secrets.add(what + " of " + client, secret));
    }
  }

  /** What every GET says of the first round and its version, in each representation. */
  private static byte[] everything(Model model) {
    var all = new StringBuilder();
    JsonNode paths = model.http().get("/v3/api-docs").is(200).json().path("paths");
    var texts = new ArrayList<String>();
    for (String path : new TreeSet<>(paths.propertyNames())) {
      if (paths.path(path).has("get")) {
        for (String client : SecureTest.FOUR) {
          for (String version : List.of("0", "1")) {
            texts.add(
                path.replace("{model}", model.name())
                    .replace("{round}", "0")
                    .replace("{version}", version)
                    .replace("{tag}", "newest")
                    .replace("{client}", client));
          }
        }
      }
    }
    for (String path : Set.copyOf(texts)) {
      if (path.endsWith("/events")) {
        model.http().lines(path).limit(3).forEach(all::append);
      } else {
        for (String accept : List.of("*/*", "application/json", "application/x-npy")) {
          all.append(new String(model.http().get(path, "Accept: " + accept).body(), ISO_8859_1));
        }
      }
    }
    return all.toString().getBytes(ISO_8859_1);
  }

  @Test
  void noUpdate_isFoundAnywhere(@TempDir Path folder) throws Exception {
    Path data = folder.resolve("data");
    Path log = folder.resolve("log");
    try (var server =
        ChildServer.start(
            data, "-Xmx128m", "-Dlogging.file.name=" + log, "-Dlogging.level.io.fedstep=trace")) {
      var model = new Model(new Http(server.port()), "hidden");
      model.putJson("", SecureTest.SPEC.replace("[3]", "[" + PARAMETERS + "]")).is(201);
      SecureTest.FOUR.forEach(client -> SecureTest.send(model, 0, client).is(201));
      SecureTest.FOUR.forEach(client -> SecureTest.send(model, 1, client).is(201));
      send(model, SecureTest.roster(model));
      SecureTest.end(model, "unmasking");
      byte[] before = everything(model);
      ONLINE.forEach(client -> SecureTest.send(model, 3, client).is(201));
      model.awaitVersion(1);
      Path heap = folder.resolve("all.hprof");
      dumpHeap(server, true, heap);
      Path inUse = folder.resolve("in-use.hprof");
      dumpHeap(server, false, inUse);
      byte[] after = everything(model);
      assertThat(sum.in(data)).as("what the search finds").contains("sum as floats");
      assertThat(sum.in(after)).contains("sum as floats");
      for (Needles all : List.of(updates, secrets)) {
        assertThat(all.in(before)).as("GET while the sum is opened").isEmpty();
        assertThat(all.in(after)).as("GET after the round").isEmpty();
        assertThat(all.in(data)).as("the data folder").isEmpty();
        assertThat(all.in(log)).as("the log").isEmpty();
      }
      assertThat(updates.in(heap)).as("the heap, with what is no longer in use").isEmpty();
      assertThat(secrets.in(inUse)).as("the heap").isEmpty();
      assertThat(secrets.in(heap)) // X25519 of the JDK leaves copies of its keys behind
          .as("the heap, with what is no longer in use")
          .noneMatch(secret -> secret.startsWith("self seed"));
      System.out.printf("looked through a heap dump of %s bytes%n", Files.size(heap));
    }
  }
}
