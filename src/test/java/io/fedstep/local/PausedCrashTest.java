package io.fedstep.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.codec.Crc32c;
import io.fedstep.codec.VectorIntake;
import io.fedstep.coordinator.BodyReader;
import io.fedstep.coordinator.Limits;
import io.fedstep.coordinator.PausedUpload;
import io.fedstep.coordinator.PausedUploads;
import io.fedstep.coordinator.SentBytes;
import io.fedstep.coordinator.Upload;
import io.fedstep.problem.RefusedException;
import io.fedstep.process.BesideOthers;
import io.fedstep.round.Decision;
import io.fedstep.round.Plain;
import io.fedstep.round.UpdateMetadata;
import io.fedstep.round.VectorSummary;
import io.fedstep.store.InMemory;
import io.fedstep.store.PausedHead;
import io.fedstep.store.SimDisk;
import io.fedstep.store.StorageException;
import io.fedstep.vector.Dtype;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * An upload in several requests, with a fault at one operation of the disk after the other: no
 * offset that was told is lost, and the row is what was sent.
 */
@BesideOthers
@Order(5)
class PausedCrashTest {
  private static final boolean LONG = Boolean.getBoolean("long");
  private static final int VALUES = 40_000;
  private static final Limits LIMITS = new Limits(3, 4, VALUES, 100, 100, 100, 1000, 2);
  private static final String MODEL = "m";
  private static final String CLIENT = "alice";

  /** The flat vector alone, with a weight. */
  static final BodyReader OCTETS =
      new BodyReader() {
        @Override
        public UpdateMetadata metadata(PausedHead head) {
          return UpdateMetadata.of(Double.parseDouble(head.query().get("weight")), Map.of(), null);
        }

        @Override
        public VectorSummary read(PausedHead head, InputStream body, Upload upload)
            throws IOException {
          try (var intake = VectorIntake.ofUpdate(upload.spec(), upload.sink(), false)) {
            intake.readOctets(body);
            return intake.finish().of(head.length());
          }
        }
      };

  @ParameterizedTest
  @EnumSource(SimDisk.Fault.class)
  void faultAtEveryOperation_losesNoToldOffset(
      SimDisk.Fault fault, @TempDir(factory = InMemory.class) Path folder) {
    boolean isCrash = fault == SimDisk.Fault.POWER || fault == SimDisk.Fault.KILL;
    int most = 0;
    for (int operation = 0; ; operation += isCrash || LONG ? 1 : 3) {
      Path data = folder.resolve("at-" + operation);
      try (var server = new SimServer(data, new Random(operation), LIMITS, Plain::of)) {
        var sender = new Sender(server, new Random(7));
        server.fail(fault, operation, false);
        server.run(sender::send, fault + " at operation " + operation, () -> "send");
        boolean failed = server.hasFailed();
        sender.check();
        server.restart();
        sender.check();
        if (!failed) {
          most = operation;
          break;
        }
      }
      Rig.remove(data);
    }
    assertThat(most).isGreaterThan(10);
  }

  /** A client that goes on wherever a server lets it. */
  private static final class Sender {
    private final SimServer server;
    private final Random random;
    private final byte[] body;
    private @Nullable String id;
    private long told;
    private Upload.@Nullable Answer answer;

    Sender(SimServer server, Random random) {
      this.server = server;
      this.random = random;
      var rig = new float[VALUES];
      for (int i = 0; i < VALUES; i++) {
        rig[i] = random.nextFloat();
      }
      body = floats(rig);
      Rig.create(server.coordinator(), MODEL, Rig.plain(VALUES, 2, 2));
    }

    private static byte[] floats(float[] values) {
      double[] doubles = new double[values.length];
      Arrays.setAll(doubles, i -> values[i]);
      return Rig.bytes(Dtype.FLOAT32, doubles);
    }

    void send() {
      boolean asks = false;
      while (answer == null) {
        try {
          if (asks && id != null) {
            ask();
          }
          asks = false;
          step();
        } catch (RefusedException | StorageException | UncheckedIOException e) {
          if (!server.disk().struck() && !server.disk().dead()) {
            throw e;
          }
          goOn();
          asks = true;
        }
      }
    }

    private void goOn() {
      if (server.disk().dead()) {
        server.recover();
      } else {
        server.heal();
        if (server.crash() == SimDisk.Fault.IO_ERROR) {
          server.restart();
        }
      }
    }

    private PausedUploads uploads() {
      return server.coordinator().paused(MODEL);
    }

    private PausedUpload upload() {
      return uploads().find(0, CLIENT, Objects.requireNonNull(id));
    }

    private void ask() {
      long offset = upload().standing().offset();
      assertThat(offset).isGreaterThanOrEqualTo(told);
      told = offset;
    }

    private void step() {
      if (id == null) {
        String fresh = server.coordinator().newUploadId();
        var head =
            new PausedHead(
                fresh,
                0,
                CLIENT,
                Map.of("weight", "2.5"),
                "application/octet-stream",
                body.length,
                null,
                false);
        uploads().create(head, OCTETS);
        id = fresh;
        told = 0;
        return;
      }
      int from = (int) told;
      int to = Math.min(body.length, from + 1 + random.nextInt(70_000));
      boolean last = to == body.length;
      var bytes =
          new SentBytes(
              from, last, to - from, new ByteArrayInputStream(body, from, to - from), () -> {});
      Upload.@Nullable Answer given;
      try {
        given = upload().take(bytes, OCTETS);
        if (server.disk().dead()) {
          throw new IOException("a process that is no more answers nothing");
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      answer = given;
      told = to;
    }

    void check() {
      Decision.Accepted update = Objects.requireNonNull(answer).update();
      assertThat(update.summary().digest()).isEqualTo(Crc32c.digest(Crc32c.of(body)));
      assertThat(update.weight()).isEqualTo(2.5);
      assertThat(server.coordinator().rounds().update(MODEL, 0, CLIENT)).isEqualTo(update);
      assertThat(upload().standing().offset()).isEqualTo(body.length);
      assertThat(server.coordinator().pausedUploads()).isLessThanOrEqualTo(1);
    }
  }
}
