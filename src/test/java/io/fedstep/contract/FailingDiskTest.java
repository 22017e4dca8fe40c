package io.fedstep.contract;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.store.SimDisk;
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
