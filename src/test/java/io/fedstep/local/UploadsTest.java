package io.fedstep.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.coordinator.Coordinator;
import io.fedstep.coordinator.Expected;
import io.fedstep.coordinator.Limits;
import io.fedstep.coordinator.Upload;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.round.UpdateMetadata;
import io.fedstep.round.VectorSummary;
import io.fedstep.vector.Dtype;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Uploads under way beside each other and beside the end of their round. */
class UploadsTest {
  private static final String M = "toy";

  private static ByteBuffer floats(double... values) {
    return ByteBuffer.wrap(Rig.bytes(Dtype.FLOAT32, values));
  }

  @Test
  void straggler_keepsItsRowForItself(@TempDir Path data) {
    try (Rig rig = Rig.on(data)) {
      rig.create(M, Rig.plain(2, 2, 2));
      Coordinator coordinator = rig.coordinator();
      try (Upload straggler = coordinator.begin(M, 0, "straggler", null)) {
        straggler.sink().write(0, floats(7));
        rig.put(M, 0, "alice", 1, 1, 1);
        rig.put(M, 0, "bob", 1, 3, 3);
        rig.awaitVersion(M, 1);
        int own = rig.put(M, 1, "alice", 1, 1, 1).update().row();
        straggler.sink().write(0, floats(99, 99));
        rig.put(M, 1, "bob", 1, 3, 3);
        straggler.sink().write(0, floats(55, 55));
        rig.awaitVersion(M, 2); // the close compares every row with its digest
        assertThat(own).isNotZero();
        Refusal late = Rig.refusal(() -> Rig.submit(straggler, 1, 7, 7));
        assertThat(late.problem()).isEqualTo(Problem.ROUND_CLOSED);
        assertThat(late.members()).containsEntry("current_round", 2L);
      }
      assertThat(rig.weights(M)).isEqualTo(floats(-4, -4).array());
      assertThat(rig.put(M, 2, "alice", 1, 1, 1).update().row()).isZero(); // free again
    }
  }

  @Test
  void straggler_outlivesARestoredVersion(@TempDir Path data) {
    try (Rig rig = Rig.on(data)) {
      rig.create(M, Rig.plain(1, 1, 1));
      rig.advance(M, 1);
      try (Upload straggler = rig.coordinator().begin(M, 1, "straggler", null)) {
        rig.changes(M).restore(rig.coordinator().version(M, 0), Expected.ANY);
        assertThat(Rig.refusal(() -> Rig.submit(straggler, 1, 7)).problem())
            .isEqualTo(Problem.ROUND_CLOSED);
      }
      rig.advance(M, 5);
      assertThat(rig.weights(M)).isEqualTo(floats(-5).array());
    }
  }

  @Test
  void sameClient_tryingTwiceAtOnce_countsOnce(@TempDir Path data) {
    try (Rig rig = Rig.on(data)) {
      rig.create(M, Rig.plain(1, 2, 2));
      Coordinator coordinator = rig.coordinator();
      try (Upload first = coordinator.begin(M, 0, "alice", null);
          Upload second = coordinator.begin(M, 0, "alice", null);
          Upload third = coordinator.begin(M, 0, "alice", null)) {
        assertThat(Rig.submit(second, 2, 5).repeated()).isFalse();
        Upload.Answer answer = Rig.submit(first, 2, 5);
        assertThat(answer.repeated()).isTrue();
        assertThat(answer.update()).isEqualTo(coordinator.rounds().update(M, 0, "alice"));
        assertThat(Rig.refusal(() -> Rig.submit(third, 2, 6)).problem())
            .isEqualTo(Problem.UPDATE_DIFFERS);
      }
      assertThat(Rig.refusal(() -> rig.put(M, 0, "alice", 3, 5)).problem())
          .isEqualTo(Problem.UPDATE_DIFFERS);
      assertThat(coordinator.status(M).updates()).isEqualTo(1);
      rig.put(M, 0, "bob", 2, 7);
      rig.awaitVersion(M, 1);
      assertThat(rig.weights(M)).isEqualTo(floats(-6).array());
    }
  }

  @Test
  void uploadsUnderWay_haveALimit(@TempDir Path data) {
    try (Rig rig = Rig.on(data, new Limits(10, 10, 1000, 100, 2, 100, 1000, 1))) {
      rig.create(M, Rig.plain(1, 9, 9));
      rig.create("other", Rig.plain(1, 9, 9));
      Coordinator coordinator = rig.coordinator();
      Upload first = coordinator.begin(M, 0, "alice", null);
      try (Upload second = coordinator.begin("other", 0, "bob", null)) {
        Refusal refusal = Rig.refusal(() -> coordinator.begin(M, 0, "carol", null));
        assertThat(refusal.problem()).isEqualTo(Problem.TOO_MANY_REQUESTS);
        assertThat(refusal.retryAfter()).isNotNull();
        first.close();
        rig.put(M, 0, "carol", 1, 1);
        assertThat(second.spec()).isEqualTo(coordinator.spec("other"));
      }
      // what was refused or accepted holds no place
      try (Upload a = coordinator.begin(M, 0, "dave", null);
          Upload b = coordinator.begin(M, 0, "erin", null)) {
        assertThat(a).isNotSameAs(b);
      }
    }
  }

  @Test
  void uploadUnderWay_whenTrainingIsStopped_isRefused(@TempDir Path data) {
    try (Rig rig = Rig.on(data)) {
      rig.create(M, Rig.plain(1, 2, 2));
      rig.put(M, 0, "alice", 1, 1);
      try (Upload again = rig.coordinator().begin(M, 0, "alice", null);
          Upload late = rig.coordinator().begin(M, 0, "bob", null)) {
        rig.changes(M).stop();
        assertThat(Rig.refusal(() -> Rig.submit(late, 1, 1)).problem())
            .isEqualTo(Problem.TRAINING_STOPPED);
        assertThat(Rig.submit(again, 1, 1).repeated()).isTrue();
      }
      assertThat(rig.coordinator().status(M).updates()).isEqualTo(1);
      rig.changes(M).start();
      rig.put(M, 0, "bob", 1, 1);
      rig.awaitVersion(M, 1);
    }
  }

  @Test
  void updatesBehindTheLastPlace_areRefusedWithoutHarm(@TempDir Path data) {
    try (Rig rig = Rig.on(data)) {
      rig.create(M, Rig.plain(1, 1, 1));
      Coordinator coordinator = rig.coordinator();
      try (Upload first = coordinator.begin(M, 0, "alice", null);
          Upload second = coordinator.begin(M, 0, "bob", null)) {
        Rig.submit(first, 1, 1);
        assertThat(Rig.refusal(() -> Rig.submit(second, 1, 1)).problem())
            .isEqualTo(Problem.ROUND_CLOSED);
      }
      rig.awaitVersion(M, 1);
      assertThat(Objects.requireNonNull(coordinator.rounds().record(M, 0)).clients()).hasSize(1);
    }
  }

  @Test
  void uploadUnderWay_whenItsModelIsDeleted_isRefused(@TempDir Path data) {
    try (Rig rig = Rig.on(data)) {
      rig.create(M, Rig.plain(1, 1, 1));
      try (Upload upload = rig.coordinator().begin(M, 0, "alice", null)) {
        rig.coordinator().delete(M);
        rig.create(M, Rig.plain(1, 1, 1));
        assertThat(
                Rig.refusal(() ->
                        upload.submit(
                            UpdateMetadata.of(1, Map.of(), null),
                            new VectorSummary("crc32c:00000000", 0)))
                    .problem())
            .isEqualTo(Problem.MODEL_NOT_FOUND);
      }
      rig.advance(M, 2);
      assertThat(rig.weights(M)).isEqualTo(floats(-2).array());
    }
  }

  @Test
  void upload_whoseModelIsDeleted_leavesItsNamesakeAlone(@TempDir Path data) {
    try (Rig rig = Rig.on(data)) {
      rig.create(M, Rig.plain(1, 1, 1));
      try (Upload early = rig.coordinator().begin(M, 0, "early", null);
          Upload begun = rig.coordinator().begin(M, 0, "begun", null)) {
        begun.sink().write(0, ByteBuffer.wrap(Rig.bytes(Dtype.FLOAT32, 7)));
        rig.coordinator().delete(M);
        rig.create(M, Rig.plain(1, 1, 1));
        for (Upload upload : List.of(early, begun)) {
          assertThat(Rig.refusal(() -> Rig.submit(upload, 1, 7)).problem())
              .isEqualTo(Problem.MODEL_NOT_FOUND);
        }
      }
      rig.advance(M, 2);
      assertThat(rig.weights(M)).isEqualTo(Rig.bytes(Dtype.FLOAT32, -2));
    }
  }
}
