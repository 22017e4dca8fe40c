package io.fedstep.contract;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.codec.Crc32c;
import io.fedstep.store.SimDisk;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What clients and operators see of a disk that fails at one operation after the other. */
class FailingDiskTest {
  private static final String SPEC =
      """
      {"tensors": {"w": [3]}, "optimizer": {"lrate": 1.0, "modules": ["rmsprop"]}}\
      """;
  private static final String UPDATE = "{\"gradient\": [1, 2, 3]}";

  @TempDir private static Path folder;
  private static SimDisk disk;
  private static Server server;

  @BeforeAll
  static void start() {
    disk = SimDisk.in(folder.resolve("data"), new Random(1));
    server =
        Server.start(disk.disk(), disk.root(), "fedstep.keep-deleted=0"); // whose room is taken
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @Test
  void error_stopsItsModel_andShows() {
    Model good = Model.create(server.http(), SPEC);
    int stopped = 0;
    for (int operation = 0; ; operation++) {
      Model hit = Model.create(server.http(), SPEC);
      disk.fail(SimDisk.Fault.IO_ERROR, operation, false);
      advance(hit);
      boolean struck = disk.struck();
      String where = "operation %s, %s".formatted(operation, disk.where());
      disk.heal();
      good.advance("[1, 2, 3]");
      Reply answer = hit.get("/rounds/current");
      if (answer.status() != 200) {
        stopped++;
        answer.problem(503, "model-failed");
        assertThat(answer.text()).as(where).doesNotContain(folder.toString());
        assertThat(hit.get("").is(200).json().path("detail").asString())
            .as(where)
            .isEqualTo(answer.json().path("detail").asString());
        assertThat(health()).as(where).isEqualTo("DEGRADED");
        assertThat(Scrape.of(server.http()).samples())
            .as(where)
            .containsEntry("fedstep_model_failed{model=\"%s\"}".formatted(hit.name()), 1.0)
            .containsEntry("fedstep_model_failed{model=\"%s\"}".formatted(good.name()), 0.0);
      }
      server.http().delete(hit.path("")).is(204);
      assertThat(health()).as(where).isEqualTo("UP");
      if (!struck) {
        break;
      }
    }
    assertThat(stopped).isGreaterThan(30);
  }

  @Test
  void wantOfRoom_isTold_andPasses() {
    int refused = 0;
    for (int operation = 0; ; operation++) {
      Model hit = Model.create(server.http(), SPEC);
      disk.fail(SimDisk.Fault.FULL, operation, false);
      Reply answer = hit.submit(0, "solo", UPDATE);
      if (answer.status() != 201) {
        refused++;
        answer.problem(507, "storage-full");
        hit.get("/weights").is(200);
        hit.submit(0, "solo", UPDATE).is(201);
      }
      hit.awaitVersion(1); // seconds later where the version found no room
      hit.advance("[1, 2, 3]");
      assertThat(health()).isEqualTo("UP");
      boolean struck = disk.struck();
      disk.heal();
      server.http().delete(hit.path("")).is(204);
      if (!struck || (refused > 0 && answer.status() == 201)) {
        break; // each of the others takes the five seconds until the next try
      }
    }
    assertThat(refused).isGreaterThan(1);
  }

  @Test
  void closeWithoutRoom_isDegraded_andSaysWhy() {
    Model hit = Model.create(server.http(), Model.plain(1, 2));
    hit.submit(0, "solo", UPDATE).is(201);
    disk.fail(SimDisk.Fault.FULL, "weights.safetensors");
    hit.post("/rounds/current/close").problem(507, "storage-full");
    assertThat(health()).isEqualTo("DEGRADED");
    assertThat(hit.json("phase").asString()).isEqualTo("closing");
    assertThat(hit.json("detail").asString())
        .startsWith("Round 0 is closed, and its version waits: There is no room");
    disk.heal();
    hit.awaitVersion(1);
    assertThat(health()).isEqualTo("UP");
    assertThat(hit.json().has("detail")).isFalse();
    server.http().delete(hit.path("")).is(204);
  }

  /** Two buffers and more, so that the disk may be full at the begin, within, or at the end. */
  private static final int PAUSED = 200_000;

  private static Reply patch(Model model, String upload, byte[] row, int from, int to) {
    return model
        .http()
        .send(
            "PATCH",
            upload,
            BodyPublishers.ofByteArray(row, from, to - from),
            "Content-Type: application/partial-upload",
            "Upload-Offset: " + from,
            "Upload-Complete: " + (to == row.length ? "?1" : "?0"));
  }

  /** What came of an upload before counts; once there is room it goes on from there. */
  @Test
  void uploadWithoutRoom_keepsWhatCame_andGoesOn() {
    byte[] row = new byte[PAUSED];
    new Random(3).nextBytes(row);
    for (int at = 3; at < row.length; at += Float.BYTES) {
      row[at] = 0x3f; // of numbers near 1
    }
    int refused = 0;
    boolean struck = true;
    for (int operation = 0; struck; operation++) {
      Model hit =
          Model.create(
              server.http(),
              "{\"tensors\": {\"w\": [%s]}, \"round\": {\"min_updates\": 2}}"
                  .formatted(PAUSED / Float.BYTES));
      String upload =
          hit.http()
              .put(
                  hit.path(Model.update(0, "alice")),
                  new byte[0],
                  Http.OCTETS,
                  "Upload-Complete: ?0",
                  "Upload-Length: " + PAUSED)
              .is(201)
              .header("Location");
      patch(hit, upload, row, 0, 1000).is(204);
      disk.fail(SimDisk.Fault.FULL, operation, true);
      Reply answer = patch(hit, upload, row, 1000, PAUSED);
      struck = disk.struck();
      String where = "operation %s, %s".formatted(operation, disk.where());
      if (answer.status() != 201) {
        refused++;
        answer.problem(507, "storage-full");
        assertThat(answer.header("Upload-Complete")).as(where).isEqualTo("?0");
        int told = Integer.parseInt(answer.header("Upload-Offset"));
        assertThat(told).as(where).isBetween(1000, PAUSED);
        int kept = Integer.parseInt(hit.http().head(upload).is(204).header("Upload-Offset"));
        assertThat(kept).as(where).isBetween(told, PAUSED);
        patch(hit, upload, row, kept, PAUSED).problem(507, "storage-full");
        disk.heal();
        kept = Integer.parseInt(hit.http().head(upload).is(204).header("Upload-Offset"));
        answer = patch(hit, upload, row, kept, PAUSED);
      }
      disk.heal();
      assertThat(answer.is(201).json().path("digest").asString())
          .as(where)
          .isEqualTo(Crc32c.digest(Crc32c.of(row)));
      server.http().delete(hit.path("")).is(204);
    }
    assertThat(refused).isGreaterThan(3);
  }

  private static void advance(Model model) {
    Reply answer = model.submit(0, "solo", UPDATE);
    if (answer.status() == 201) {
      model.get("/rounds/current?after=0&wait=30s");
      model.get("/weights");
    } else {
      answer.problem(503, "model-failed");
    }
  }

  private static String health() {
    return server.http().get("/actuator/health").is(200).json().path("status").asString();
  }
}
