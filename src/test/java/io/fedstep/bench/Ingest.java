package io.fedstep.bench;

import io.fedstep.bench.Line.Goal;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/**
 * Durable updates of 40 MB from 16 clients at once: from the first byte sent to the last 201. The
 * rounds are closed by hand, and untimed; the first ones, whose files are new and whose code is not
 * compiled yet, do not count.
 */
final class Ingest implements Row {
  private static final int CLIENTS = 16;
  private static final int WARM_UPS = 12;

  @Override
  public List<Line> measure(Bench bench) throws Exception {
    var gradients = new Gradients(bench.size(10_000_000, 1000));
    double norm = gradients.normOfMean(CLIENTS);
    long bytes = CLIENTS * gradients.length();
    try (var subject = bench.usedSubject();
        var sink = Peer.java(RawSink.class);
        var ours = new Crowd(subject.port(), CLIENTS);
        var raw = new Crowd(sink.port(), CLIENTS);
        var disk = new Disk(bench.folder().resolve("plain"))) {
      subject.create("ingest", gradients.size(), CLIENTS, CLIENTS + 1);
      var round = new int[1];
      var turns = new Turns(bench);
      var fedstep =
          turns.add(
              "fedstep",
              () -> {
                double seconds = ours.update("ingest", round[0], CLIENTS, gradients);
                Records.check(subject.close("ingest"), CLIENTS, norm);
                round[0]++;
                return seconds;
              });
      var socket =
          turns.add(
              "raw socket",
              () ->
                  raw.seconds(
                      CLIENTS,
                      (connection, client) -> {
                        var length = ByteBuffer.allocate(8).putLong(gradients.length()).flip();
                        connection.send(length);
                        connection.send(gradients.body(client));
                        connection.awaitByte();
                      }));
      var drain =
          turns.add(
              "drain",
              () ->
                  ours.seconds(
                      CLIENTS,
                      (connection, client) ->
                          connection.put(Drain.PATH + client, gradients.body(client)).is(201)));
      var plain = turns.add("disk", () -> disk.write(gradients));
      turns.take(bench.warmUps(WARM_UPS));
      String work =
          "durable ingest of %s updates, %s connections"
              .formatted(Line.bytes(gradients.length()), CLIENTS);
      Figure figure = fedstep.rate(bytes, Unit.BYTES);
      return List.of(
          new Line(
              work,
              figure,
              "raw socket sink",
              socket.rate(bytes, Unit.BYTES),
              new Goal("0.30", "0.40")),
          new Line(
              work,
              figure,
              "the same server, dropping them",
              drain.rate(bytes, Unit.BYTES),
              Goal.NONE),
          new Line(
              work,
              figure,
              "write + fdatasync over an existing file",
              plain.rate(bytes, Unit.BYTES),
              Goal.NONE));
    }
  }

  /** The disk's own speed: the same bytes by plain writes, over blocks that exist. */
  private static final class Disk implements AutoCloseable {
    private final Path path;
    private final FileChannel file;

    Disk(Path path) throws IOException {
      this.path = path;
      file = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    }

    double write(Gradients gradients) throws IOException {
      long started = System.nanoTime();
      file.position(0);
      for (int client = 0; client < CLIENTS; client++) {
        for (ByteBuffer part : gradients.body(client)) {
          while (part.hasRemaining()) {
            file.write(part);
          }
        }
      }
      file.force(false);
      return (System.nanoTime() - started) * 1e-9;
    }

    @Override
    public void close() throws IOException {
      file.close();
      Files.delete(path);
    }
  }
}
