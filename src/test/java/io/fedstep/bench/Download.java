package io.fedstep.bench;

import io.fedstep.bench.Line.Goal;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/** Weights of 40 MB to 16 clients at once, beside a program that only sends the file. */
final class Download implements Row {
  private static final int CLIENTS = 16;
  private static final int DOWNLOADS = 64;
  private static final int WARM_UPS = 12;

  @Override
  public List<Line> measure(Bench bench) throws Exception {
    var weights = new Gradients(bench.size(10_000_000, 1000));
    try (var subject = bench.usedSubject()) {
      Path file = bench.folder().resolve("weights");
      write(file, weights.body(0));
      Peer c = Peer.c(bench.folder(), "sendfile", file.toString());
      try (Peer peer = c != null ? c : Peer.java(RawFile.class, file.toString());
          var ours = new Crowd(subject.port(), CLIENTS);
          var raw = new Crowd(peer.port(), CLIENTS)) {
        subject.create("download", weights.size(), 1, 1);
        ours.seconds(1, (to, _) -> to.put("/v1/models/download/weights", weights.body(0)).is(200));
        if (!weights.isBody(0, subject.bytes("/v1/models/download/weights"))) {
          throw new IllegalStateException("the weights are not those that were put");
        }
        var turns = new Turns(bench);
        var fedstep =
            turns.add("fedstep", () -> download(ours, weights, "/v1/models/download/weights"));
        var sendfile = turns.add("sendfile", () -> download(raw, weights, "/"));
        turns.take(bench.warmUps(WARM_UPS));
        long bytes = DOWNLOADS * weights.length();
        return List.of(
            new Line(
                "download of %s weights, %s connections"
                    .formatted(Line.bytes(weights.length()), CLIENTS),
                fedstep.rate(bytes, Unit.BYTES),
                c != null ? "C sendfile" : "FileChannel.transferTo",
                sendfile.rate(bytes, Unit.BYTES),
                new Goal("0.6", "0.9")));
      }
    }
  }

  private static double download(Crowd crowd, Gradients weights, String path) throws Exception {
    return crowd.seconds(
        DOWNLOADS,
        (from, _) -> {
          Connection.Answer answer = from.get(path);
          answer.is(200);
          if (answer.length() != weights.length()) {
            throw new IllegalStateException("%s bytes came".formatted(answer.length()));
          }
        });
  }

  private static void write(Path path, ByteBuffer... parts) throws IOException {
    try (var file = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      for (ByteBuffer part : parts) {
        while (part.hasRemaining()) {
          file.write(part);
        }
      }
    }
  }
}
