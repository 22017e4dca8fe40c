package io.fedstep.local;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.fedstep.codec.CopySpec;
import io.fedstep.codec.Json;
import io.fedstep.codec.ModelBody;
import io.fedstep.codec.SpecCodec;
import io.fedstep.codec.VectorIntake;
import io.fedstep.coordinator.Coordinator;
import io.fedstep.coordinator.Limits;
import io.fedstep.coordinator.Listener;
import io.fedstep.coordinator.ModelChanges;
import io.fedstep.coordinator.ModelStatus;
import io.fedstep.coordinator.Scheduler;
import io.fedstep.coordinator.Upload;
import io.fedstep.coordinator.VersionAddress;
import io.fedstep.model.ModelSpec;
import io.fedstep.problem.Refusal;
import io.fedstep.problem.RefusedException;
import io.fedstep.round.UpdateMetadata;
import io.fedstep.store.DataFolder;
import io.fedstep.store.Disk;
import io.fedstep.store.Unforced;
import io.fedstep.store.Version;
import io.fedstep.store.VersionBytes;
import io.fedstep.vector.Dtype;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** The models of a data folder, without HTTP. */
public final class Rig implements AutoCloseable {
  public static final Limits LIMITS = new Limits(10, 1000, 10_000_000, 10_000, 1024, 100, 1000, 2);

  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final Disk disk;
  private final Path data;
  private final Limits limits;
  private final FakeClock clock;
  private final Duration keepDeleted;
  private final SimScheduler alarms;
  private final Coordinator coordinator;

  private Rig(Disk disk, Path data, Limits limits, FakeClock clock, Duration keepDeleted) {
    this.disk = disk;
    this.data = data;
    this.limits = limits;
    this.clock = clock;
    this.keepDeleted = keepDeleted;
    alarms = new SimScheduler(clock);
    var incarnations = new AtomicInteger(0x0a1b2c3d);
    coordinator =
        new LocalCoordinator(
            new DataFolder(disk, data, keepDeleted, limits.models(), clock),
            limits,
            clock,
            keepDeleted.isZero() ? Scheduler.platform() : alarms,
            () -> HexFormat.of().toHexDigits(incarnations.getAndIncrement()),
            Listener.NONE);
  }

  static Rig on(Path data) {
    return on(data, LIMITS);
  }

  static Rig on(Path data, Limits limits) {
    return on(Unforced.disk(), data, limits);
  }

  static Rig on(Disk disk, Path data, Limits limits) {
    return new Rig(disk, data, limits, new FakeClock(), Duration.ZERO);
  }

  /** A server that keeps what is deleted, and whose alarms ring by {@link #pass} alone. */
  static Rig keeping(Duration deleted, Disk disk, Path data, Limits limits) {
    return new Rig(disk, data, limits, new FakeClock(), deleted);
  }

  /** Lets time go on. */
  void pass(Duration time) {
    clock.advance(time);
    alarms.ring();
  }

  /** Ends this server and starts another on the same folder. */
  Rig restarted() {
    close();
    return new Rig(disk, data, limits, clock, keepDeleted);
  }

  /** Another server, on a copy of the files as they are now: what a crash would leave. */
  Rig crashed(Path copy) {
    copyTo(copy);
    return new Rig(disk, copy, limits, clock, keepDeleted);
  }

  void copyTo(Path copy) {
    copy(data, copy);
  }

  static void copy(Path from, Path to) {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(from.relativize(file).toString()));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static void remove(Path folder) {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Coordinator coordinator() {
    return coordinator;
  }

  FakeClock clock() {
    return clock;
  }

  Path folder(String model) {
    return data.resolve("models").resolve(model);
  }

  // Models

  /**
   * A vector of that many values, plain steps, and rounds of {@code min} to {@code max} updates.
   */
  public static String plain(int size, int min, int max) {
    return """
    {"tensors": {"w": [%s]}, "optimizer": {"lrate": 1.0, "modules": []},
     "round": {"min_updates": %s, "max_updates": %s}}\
    """
        .formatted(size, min, max);
  }

  /** The same with RMSProp. */
  static String rmsprop(String dtype, int size, int updates) {
    return """
    {"tensors": {"a": [3], "w": [%s]}, "dtype": "%s",
     "optimizer": {"lrate": 0.5, "w_decay": 0.25, "modules": ["rmsprop"]},
     "round": {"min_updates": %s}}\
    """
        .formatted(size - 3, dtype, updates);
  }

  void create(String model, String spec) {
    create(coordinator, model, spec);
  }

  static void create(Coordinator coordinator, String model, String spec) {
    coordinator.create(
        model, SpecCodec.read(Json.readObject(new ByteArrayInputStream(spec.getBytes(UTF_8)))));
  }

  /** Creates a model from a version of another one. */
  Coordinator.Created copy(String model, String request) {
    var asked = (CopySpec) ModelBody.read(new ByteArrayInputStream(request.getBytes(UTF_8)));
    VersionAddress version =
        asked.version().equals("newest")
            ? new VersionAddress.Newest()
            : new VersionAddress.Numbered(Long.parseLong(asked.version()));
    return coordinator.copy(model, asked, version);
  }

  ModelChanges changes(String model) {
    return coordinator.changes(model);
  }

  void awaitVersion(String model, long version) {
    ModelStatus status =
        coordinator.await(model, now -> now.newest().version() >= version, PATIENCE);
    assertThat(status.newest().version()).isEqualTo(version);
  }

  /** Waits until the model's thread has done what it was doing. */
  void settle(String model) {
    changes(model).setPolicy(coordinator.spec(model).round());
  }

  /** Runs the open round of one update with that gradient. */
  void advance(String model, double... gradient) {
    long round = coordinator.durableStatus(model).newest().version();
    put(model, round, "solo", 1, gradient);
    awaitVersion(model, round + 1);
  }

  // Updates

  Upload.Answer put(String model, long round, String client, double weight, double... gradient) {
    try (Upload upload = coordinator.begin(model, round, client, null)) {
      return submit(upload, weight, gradient);
    }
  }

  /** Sends an update's numbers and asks for it to be accepted. */
  public static Upload.Answer submit(Upload upload, double weight, double... gradient) {
    return submit(upload, UpdateMetadata.of(weight, Map.of(), null), gradient);
  }

  /** Sends an update's numbers, and what goes beside them. */
  static Upload.Answer submit(Upload upload, UpdateMetadata said, double... gradient) {
    ModelSpec spec = upload.spec();
    try (var intake = new VectorIntake(spec.layout(), spec.dtype(), upload.sink())) {
      intake.readOctets(new ByteArrayInputStream(bytes(spec.dtype(), gradient)));
      return upload.submit(said, intake.finish());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public static Refusal refusal(ThrowingCallable call) {
    RefusedException refused = catchThrowableOfType(RefusedException.class, call);
    assertThat(refused).isNotNull();
    return refused.refusal();
  }

  // Numbers

  public static byte[] bytes(Dtype dtype, double... values) {
    ByteBuffer bytes =
        ByteBuffer.allocate(dtype.bytes() * values.length).order(ByteOrder.LITTLE_ENDIAN);
    for (double value : values) {
      switch (dtype) {
        case FLOAT32 -> bytes.putFloat((float) value);
        case FLOAT64 -> bytes.putDouble(value);
      }
    }
    return bytes.array();
  }

  /** The newest weights. */
  byte[] weights(String model) {
    return bytes(newest(model).weightBytes());
  }

  /** The newest aggregated gradient, after the modules. */
  byte[] gradient(String model) {
    return bytes(newest(model).gradientBytes());
  }

  String state(String model) {
    return new String(bytes(newest(model).stateBytes()), UTF_8);
  }

  private Version newest(String model) {
    return coordinator.version(model, coordinator.durableStatus(model).newest().version());
  }

  public static byte[] bytes(VersionBytes whole) {
    try (whole) {
      var bytes = ByteBuffer.allocate((int) whole.length());
      whole.read(0, bytes);
      return bytes.array();
    }
  }

  @Override
  public void close() {
    coordinator.close();
  }
}
