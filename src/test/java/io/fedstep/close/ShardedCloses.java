package io.fedstep.close;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.codec.Crc32c;
import io.fedstep.codec.JoinedCrc32c;
import io.fedstep.local.FakeClock;
import io.fedstep.local.Rig;
import io.fedstep.model.ModelSpec;
import io.fedstep.model.Secrets;
import io.fedstep.privacy.Ledger;
import io.fedstep.privacy.Standing;
import io.fedstep.round.Decision;
import io.fedstep.round.RoundRecord;
import io.fedstep.round.VectorSummary;
import io.fedstep.store.DataFolder;
import io.fedstep.store.Disk;
import io.fedstep.store.ModelFolder;
import io.fedstep.store.ModelHead;
import io.fedstep.store.ScratchFolder;
import io.fedstep.store.Unforced;
import io.fedstep.store.UpdateMatrix;
import io.fedstep.store.Version;
import io.fedstep.store.VersionDraft;
import io.fedstep.store.VersionInfo;
import io.fedstep.vector.Shard;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Closes of rounds of one model, whole and shard by shard, in a folder of their own. */
final class ShardedCloses implements AutoCloseable {
  private static final String M = "wide";
  private static final int PATIENCE = 30;

  /** Secret bytes of the closes. */
  static final byte[] KEY = Arrays.copyOf(new byte[] {1, 2, 3, 4}, 32);

  private final Path root;
  private final Disk disk = Unforced.disk();
  private final DataFolder data;
  private @Nullable VersionInfo first;

  /** Rows in another order than the clients. */
  private static int row(int client, int clients) {
    return clients - 1 - client;
  }

  /** The norm that a client's update is said to have. */
  static double norm(int client) {
    return 120.0 * (client + 1);
  }

  /** What all shards gave at each exchange; who comes again gets what was gathered first. */
  private static final class Exchanges {
    private final double[][] now;
    private final List<double[][]> gathered = new ArrayList<>();
    private final CyclicBarrier all;

    Exchanges(int count) {
      now = new double[count][];
      all = new CyclicBarrier(count, () -> gathered.add(now.clone()));
    }

    Gather of(int shard) {
      int[] step = {0};
      return own -> {
        int at = step[0]++;
        if (at < gathered.size()) {
          assertThat(own).as("shard %s again", shard).isEqualTo(gathered.get(at)[shard]);
        } else {
          now[shard] = own.clone();
          await();
        }
        return Arrays.stream(gathered.get(at)).flatMapToDouble(Arrays::stream).toArray();
      };
    }

    private void await() {
      try {
        all.await(PATIENCE, TimeUnit.SECONDS);
      } catch (InterruptedException | BrokenBarrierException | TimeoutException e) {
        throw new IllegalStateException("another shard has not come", e);
      }
    }
  }

  ShardedCloses(Path root) {
    this.root = root;
    data = DataFolder.shared(disk, root.resolve("data"));
  }

  private static ModelHead head(ModelSpec spec) {
    return new ModelHead(M, "0a1b2c3d", FakeClock.START, spec, false, -1, "5ec7e7");
  }

  /** Makes the model, and version 1 of updates that follow from a seed. */
  void begin(ModelSpec spec, byte[][] updates) {
    data.create(head(spec));
    try (ModelFolder folder = data.follow(head(spec), Version.zeros(head(spec)), 1)) {
      var round = new OneRound(folder, folder.newest(), updates);
      first = round.whole();
    }
  }

  /** Version 2 as one machine makes it, moved away. */
  Path whole(ModelSpec spec, byte[][] updates) {
    try (ModelFolder folder = data.follow(head(spec), Objects.requireNonNull(first), 1)) {
      var round = new OneRound(folder, folder.newest(), updates);
      return moved(round.whole(), "whole");
    }
  }

  /** Version 2 as that many shards make it, of which one begins again; moved away. */
  Path sharded(ModelSpec spec, byte[][] updates, int count) throws Exception {
    try (ModelFolder folder = data.follow(head(spec), Objects.requireNonNull(first), 1)) {
      var round = new OneRound(folder, folder.newest(), updates);
      return moved(round.sharded(count, new Exchanges(count)), "sharded");
    }
  }

  private Path versions() {
    return root.resolve("data/models").resolve(M).resolve("versions");
  }

  private Path moved(VersionInfo info, String name) {
    try {
      return Files.move(
          versions().resolve(String.format(Locale.ROOT, "%07d", info.version())),
          root.resolve(name));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Updates of that many values, that are between -0.4 and 0.6 but for client 3's. */
  static byte[][] updates(ModelSpec spec, int clients, int seed) {
    byte[][] updates = new byte[clients][];
    for (int client = 0; client < clients; client++) {
      double scale = client == 3 ? 100 : 1;
      var random = new Random(31L * seed + client);
      double[] values =
          random.doubles(spec.parameters()).map(value -> (value - 0.4) * scale).toArray();
      updates[client] = Rig.bytes(spec.dtype(), values);
    }
    return updates;
  }

  /** A round that trains from a version. */
  private final class OneRound {
    private final ModelFolder folder;
    private final ModelSpec spec;
    private final Version before;
    private final byte[][] updates;

    OneRound(ModelFolder folder, Version before, byte[][] updates) {
      this.folder = folder;
      this.before = before;
      this.updates = updates;
      spec = folder.spec();
    }

    private ByteBuffer slice(int client, Shard shard) {
      int width = spec.dtype().bytes();
      int from = (int) shard.begin(spec.parameters()) * width;
      int end = (int) shard.end(spec.parameters()) * width;
      return ByteBuffer.wrap(updates[client], from, end - from).slice();
    }

    /** The updates, each with the digest of the shard's part of it. */
    private List<Decision.Accepted> inOrder(Shard shard) {
      var inOrder = new ArrayList<Decision.Accepted>();
      for (int client = 0; client < updates.length; client++) {
        String digest = Crc32c.digest(Crc32c.of(slice(client, shard)));
        inOrder.add(
            new Decision.Accepted(
                "client-" + client,
                row(client, updates.length),
                0.1 * (client + 1),
                new TreeMap<>(),
                new VectorSummary(digest, norm(client)),
                FakeClock.START,
                client + 1,
                0));
      }
      return inOrder;
    }

    private ShardResult part(Shard shard, VersionDraft draft, Gather gather, UpdateMatrix rows) {
      List<Decision.Accepted> inOrder = inOrder(shard);
      int threads = 1 + shard.index() % 2;
      try (ExecutorService helpers = Executors.newVirtualThreadPerTaskExecutor()) {
        for (int client = 0; client < updates.length; client++) {
          var _ = rows.allocate();
        }
        for (int client = 0; client < updates.length; client++) {
          rows.row(row(client, updates.length)).write(0, slice(client, shard));
          rows.keep();
        }
        return RoundClose.run(
            spec,
            new Secrets(folder.head().secret(), KEY),
            before,
            inOrder,
            rows,
            null,
            shard,
            draft,
            gather,
            helpers,
            threads);
      } finally {
        rows.remove();
      }
    }

    VersionInfo whole() {
      try (var scratch = new ScratchFolder(disk, root.resolve("scratch"));
          VersionDraft draft = folder.draft()) {
        UpdateMatrix rows = scratch.rows(spec, Shard.WHOLE);
        ShardResult part = part(Shard.WHOLE, draft, Gather.WHOLE, rows);
        return commit(draft, RoundClose.joined(before, List.of(part)));
      }
    }

    /** On one thread and with one scratch folder each, as on machines of their own. */
    private ShardResult shard(Shard shard, Gather gather) {
      try (var scratch = new ScratchFolder(disk, root.resolve("scratch-" + shard.index()));
          VersionDraft draft = sharedDraft().with(scratch)) {
        draft.leave(true);
        ShardResult part = part(shard, draft, gather, scratch.rows(spec, shard));
        draft.force();
        return part;
      }
    }

    private VersionDraft sharedDraft() {
      return folder.follower().drafts().ofRound(before.info().base());
    }

    VersionInfo sharded(int count, Exchanges exchanges) throws Exception {
      var parts = new ArrayList<ShardResult>();
      try (ExecutorService machines = Executors.newFixedThreadPool(count)) {
        var running = new ArrayList<Future<ShardResult>>();
        for (int index = 0; index < count; index++) {
          var shard = new Shard(index, count);
          running.add(machines.submit(() -> shard(shard, exchanges.of(shard.index()))));
        }
        for (Future<ShardResult> part : running) {
          parts.add(part.get());
        }
      }
      Path draftFolder = versions().resolve(sharedDraft().name());
      Map<String, Integer> files = sums(draftFolder);
      int again = count / 2;
      parts.set(again, shard(new Shard(again, count), exchanges.of(again)));
      assertThat(sums(draftFolder)).as("files after shard %s came again", again).isEqualTo(files);
      assertAllWasRead(parts);
      RoundClose.Result result = RoundClose.joined(before, parts);
      try (VersionDraft draft = sharedDraft()) {
        draft.leave(true);
        RoundClose.resume(spec, before, parts, draft);
        assertAllIsKnown(draft, draftFolder);
        return commit(draft, result);
      }
    }

    /** Joined checksums of whole files: none is read again for its own. */
    private void assertAllIsKnown(VersionDraft draft, Path draftFolder) throws IOException {
      for (var file : draft.written().entrySet()) {
        var joined = new JoinedCrc32c();
        joined.addAll(file.getValue());
        long length =
            file.getKey().endsWith(".json")
                ? Files.size(draftFolder.resolve(file.getKey()))
                : spec.vectorBytes();
        assertThat(joined.of(length)).as("checksum of %s", file.getKey()).isNotNull();
      }
    }

    /** Joined checksums of the version before: it is not read again to be checked. */
    private void assertAllWasRead(List<ShardResult> parts) throws IOException {
      Path folder = versions().resolve(String.format(Locale.ROOT, "%07d", before.info().version()));
      for (String file : List.of(Version.WEIGHTS, Version.STATE)) {
        var joined = new JoinedCrc32c();
        parts.forEach(part -> joined.addAll(Objects.requireNonNull(part.read().get(file))));
        long length =
            file.equals(Version.STATE) ? Files.size(folder.resolve(file)) : spec.vectorBytes();
        assertThat(joined.of(length)).as("checksum of what was read of %s", file).isNotNull();
      }
    }

    private VersionInfo commit(VersionDraft draft, RoundClose.Result result) {
      assertThat(result.finite()).isTrue();
      draft.keep(spec.isPrivate() ? new Standing(Ledger.begin(false), null) : null);
      long number = before.info().version() + 1;
      var over =
          new RoundRecord(
              number - 1,
              RoundRecord.Outcome.COMPLETED,
              before.info().base(),
              spec,
              1,
              FakeClock.START,
              new Decision.Closed(Decision.Cause.MAX_UPDATES, FakeClock.START),
              FakeClock.START,
              inOrder(Shard.WHOLE),
              result.gradientNorm(),
              result.stepNorm());
      return folder
          .follower()
          .drafts()
          .commit(
              draft,
              new VersionInfo(
                  number,
                  VersionInfo.MadeBy.ROUND,
                  folder.base(number),
                  FakeClock.START,
                  draft.weightsDigest()),
              over);
    }
  }

  /** The checksum of each file of a folder. */
  private static Map<String, Integer> sums(Path folder) throws IOException {
    var sums = new TreeMap<String, Integer>();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        sums.put(file.getFileName().toString(), Crc32c.of(Files.readAllBytes(file)));
      }
    }
    return sums;
  }

  @Override
  public void close() {
    data.close();
  }
}
