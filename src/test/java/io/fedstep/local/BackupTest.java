package io.fedstep.local;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.coordinator.Coordinator;
import io.fedstep.coordinator.Limits;
import io.fedstep.coordinator.ModelStatus;
import io.fedstep.coordinator.PausedUpload;
import io.fedstep.coordinator.Phase;
import io.fedstep.problem.Problem;
import io.fedstep.process.BesideOthers;
import io.fedstep.round.Decision;
import io.fedstep.round.RoundRecord;
import io.fedstep.store.Disk;
import io.fedstep.store.VersionInfo;
import io.fedstep.vector.Dtype;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** A copy that docker/backup.sh takes while the server works is a folder to start a server on. */
@BesideOthers
@EnabledOnOs({OS.LINUX, OS.MAC})
class BackupTest {
  private static final int COPIES = Boolean.getBoolean("long") ? 200 : 6;
  private static final int SIZE = 3000;
  private static final int CLIENTS = 2;
  private static final List<String> MODELS = List.of("one", "two");
  private static final String BRIEF = "brief";

  /** Versions go almost as soon as they come, so that copies find them leaving. */
  private static final Limits LIMITS = new Limits(2, 50, 100_000, 100, 100, 100, 1000, 2);

  /** Whose forces leave the copies time. */
  private static final Disk DISK = new Disk();

  private record Place(String model, long round, String client) {}

  private final Map<Place, Decision.Accepted> receipts = new ConcurrentHashMap<>();
  private final AtomicBoolean over = new AtomicBoolean();

  @Test
  void copiesUnderLoad_areWhole(@TempDir Path folder) throws Exception {
    try (Rig rig = Rig.on(DISK, folder.resolve("data"), LIMITS);
        var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var load = new ArrayList<Future<?>>();
      try {
        for (String model : MODELS) {
          rig.create(model, Rig.plain(SIZE, CLIENTS, CLIENTS));
          for (int client = 0; client < CLIENTS; client++) {
            int number = client;
            load.add(threads.submit(() -> train(rig, model, number)));
          }
        }
        load.add(threads.submit(() -> comeAndGo(rig)));
        for (int i = 0; i < COPIES; i++) {
          Map<Place, Decision.Accepted> before = Map.copyOf(receipts);
          Path copy = folder.resolve("copy-" + i);
          backUp(folder.resolve("data"), copy);
          check(copy, before);
        }
      } finally {
        over.set(true);
      }
      await(load);
    }
  }

  private static void await(List<Future<?>> load) throws InterruptedException, ExecutionException {
    for (Future<?> one : load) {
      one.get();
    }
  }

  private static double[] gradient(long round, int client) {
    double[] values = new double[SIZE];
    Arrays.fill(values, (double) (((31 * round) + (7L * client)) % 64));
    return values;
  }

  private void train(Rig rig, String model, int client) {
    String name = "client-" + client;
    for (long round = 0; !over.get(); round++) {
      Decision.Accepted receipt = rig.put(model, round, name, 1, gradient(round, client)).update();
      receipts.put(new Place(model, round, name), receipt);
      long next = round + 1;
      ModelStatus status;
      do { // a machine with much to do may take longer than that
        status =
            rig.coordinator()
                .await(
                    model,
                    now -> now.newest().version() >= next || over.get(),
                    Duration.ofMillis(500));
      } while (status.newest().version() < next && !over.get());
      if (over.get()) {
        return;
      }
    }
  }

  /** A model that is deleted and created anew again and again. */
  private void comeAndGo(Rig rig) {
    while (!over.get()) {
      rig.create(BRIEF, Rig.plain(1, 1, 1));
      for (int i = 0; i < 3; i++) {
        rig.advance(BRIEF, 1);
      }
      rig.coordinator().delete(BRIEF);
    }
  }

  private static void backUp(Path data, Path copy) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder("docker/backup.sh", data.toString(), copy.toString())
            .inheritIO()
            .start();
    assertThat(process.waitFor()).isZero();
  }

  private static String refusalToCopy(Path folder, String data, String copy)
      throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(Path.of("docker/backup.sh").toAbsolutePath().toString(), data, copy)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .start();
    String said = new String(process.getInputStream().readAllBytes(), UTF_8);
    return process.waitFor() == 0 ? "" : said;
  }

  @Test
  void whatCannotBeCopied_isRefused_beforeAnythingIsMade(@TempDir Path folder) throws Exception {
    Path data = folder.resolve("-data");
    try (Rig rig = Rig.on(DISK, data, LIMITS)) {
      rig.create("one", Rig.plain(1, 1, 1));
      rig.advance("one", 1);
    }
    assertThat(refusalToCopy(folder, "-data", "-data/models/copy")).contains("is inside");
    Files.createSymbolicLink(folder.resolve("way"), data.resolve("models"));
    assertThat(refusalToCopy(folder, "-data", "way/copy")).contains("is inside");
    assertThat(refusalToCopy(folder, "-data", "no/copy")).contains("is no folder");
    assertThat(refusalToCopy(folder, "way", "copy")).contains("no data folder");
    Files.createSymbolicLink(folder.resolve("nowhere"), folder.resolve("none"));
    assertThat(refusalToCopy(folder, "-data", "nowhere")).contains("exists");
    Path link = data.resolve("models/one/rounds/0000007.json");
    Files.createSymbolicLink(link, Path.of("/etc/passwd"));
    assertThat(refusalToCopy(folder, "-data", "-copy")).contains(link.getFileName() + " is a link");
    Files.delete(link);
    assertThat(folder.resolve("-copy")).doesNotExist();
    assertThat(data.resolve("models").toFile().list()).containsExactly("one");
    Files.setPosixFilePermissions(
        data.resolve("models/one/model.json"), PosixFilePermissions.fromString("rw-r--r--"));
    assertThat(refusalToCopy(folder, "-data", "-copy")).isEmpty();
    try (Stream<Path> paths = Files.walk(folder.resolve("-copy"))) {
      assertThat(paths)
          .allMatch(path -> !path.toFile().isDirectory() || rights(path).equals("rwx------"))
          .allMatch(path -> path.toFile().isDirectory() || rights(path).equals("rw-------"));
    }
    check(folder.resolve("-copy"), Map.of(), List.of("one"));
  }

  /** A copy has none of what has come of an update that is not whole; its client begins anew. */
  @Test
  void pausedUploads_areLeftOut_andBegunAnew(@TempDir Path folder) throws Exception {
    Path copy = folder.resolve("copy");
    PausedUpload half;
    PausedUpload whole;
    Decision.Accepted receipt;
    try (Rig rig = Rig.on(DISK, folder.resolve("data"), LIMITS)) {
      rig.create("m", Rig.plain(4, 3, 3));
      half = PausedUploadsTest.begin(rig, 0, "half");
      PausedUploadsTest.send(half, 0, 8);
      whole = PausedUploadsTest.begin(rig, 0, "whole");
      receipt = PausedUploadsTest.rest(whole, 0).update();
      backUp(folder.resolve("data"), copy);
    }
    try (Rig restored = Rig.on(DISK, copy, LIMITS)) {
      for (PausedUpload gone : List.of(half, whole)) {
        assertThat(Rig.refusal(() -> PausedUploadsTest.found(restored, gone)).problem())
            .isEqualTo(Problem.UPLOAD_NOT_FOUND);
      }
      assertThat(restored.coordinator().pausedUploads()).isZero();
      assertThat(restored.coordinator().rounds().update("m", 0, "whole")).isEqualTo(receipt);
      PausedUpload anew = PausedUploadsTest.begin(restored, 0, "half");
      assertThat(PausedUploadsTest.rest(anew, 0).update().summary()).isEqualTo(receipt.summary());
    }
  }

  private static String rights(Path path) {
    try {
      return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void check(Path copy, Map<Place, Decision.Accepted> before) {
    check(copy, before, MODELS);
    try (Rig restored = Rig.on(DISK, copy, LIMITS)) {
      MODELS.forEach(model -> checkVersions(restored, model));
    }
  }

  private static void check(Path copy, Map<Place, Decision.Accepted> before, List<String> models) {
    try (Rig restored = Rig.on(DISK, copy, LIMITS)) {
      Coordinator coordinator = restored.coordinator();
      assertThat(coordinator.models()).containsAll(models);
      for (String model : coordinator.models()) {
        assertThat(coordinator.brokenBy(model)).isNull();
        restored.settle(model);
        assertThat(coordinator.status(model).phase()).isEqualTo(Phase.COLLECTING);
      }
      before.forEach((place, receipt) -> {
        long newest = coordinator.status(place.model()).newest().version();
        if (place.round() > newest - LIMITS.keepRounds()) {
          assertThat(coordinator.rounds().update(place.model(), place.round(), place.client()))
              .as("%s", place)
              .isEqualTo(receipt);
        }
      });
    }
  }

  private static void checkVersions(Rig restored, String model) {
    Coordinator coordinator = restored.coordinator();
    for (VersionInfo info : coordinator.versions(model)) {
      double weight = 0;
      for (long round = 0; round < info.version(); round++) {
        weight -= (gradient(round, 0)[0] + gradient(round, 1)[0]) / 2;
      }
      double[] expected = new double[SIZE];
      Arrays.fill(expected, weight);
      assertThat(Rig.bytes(coordinator.version(model, info.version()).weightBytes()))
          .as("%s, version %s", model, info.version())
          .isEqualTo(Rig.bytes(Dtype.FLOAT32, expected));
      if (info.version() > 0) {
        RoundRecord record =
            Objects.requireNonNull(coordinator.rounds().record(model, info.version() - 1));
        assertThat(record.clients().stream().map(Decision.Accepted::client))
            .containsExactly("client-0", "client-1");
      }
    }
  }
}
