package io.fedstep.bench;

import io.fedstep.bench.Line.Goal;
import io.fedstep.secure.Keystream;
import io.fedstep.secure.Mask;
import io.fedstep.secure.Words;
import io.fedstep.vector.Range;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.LongConsumer;
import java.util.function.Supplier;

/**
 * What masks cost the close of a round of 64 updates of 10^7 coordinates, with nobody missing and
 * with six members who shared and were lost, beside AES-CTR by the JDK over as many bytes as masks
 * come off, on all cores. The unmasking is the close, from the last answer to the next round, less
 * that of as many updates in the clear; the masks alone are what threads take to add keystreams to
 * sums, without rows.
 */
final class Unmasking implements Row {
  private static final int CONNECTIONS = 4;
  private static final int WARM_UPS = 2;
  private static final int MASKS = 64;
  private static final int PIECE = Range.TILE * Integer.BYTES;
  private static final String AES = "AES-CTR of the JDK over as many bytes as masks come off";

  @Override
  public List<Line> measure(Bench bench) throws Exception {
    int size = bench.size(10_000_000, 1000);
    int online = bench.isTried() ? 4 : 64;
    int missing = bench.isTried() ? 1 : 6;
    try (var subject = bench.usedSubject();
        var crowd = new Crowd(subject.port(), CONNECTIONS)) {
      var turns = new Turns(bench);
      var all = new MaskedRounds(subject, crowd, "unmasking-all", size, online, 0);
      var some = new MaskedRounds(subject, crowd, "unmasking-some", size, online, missing);
      var gradients = new Gradients(size);
      subject.create("unmasking-clear", size, online, online + 1);
      long bytes = (long) Integer.BYTES * size * online;
      long more = bytes * (1 + missing);
      var close = turns.add("nobody missing", all::seconds);
      var aes = turns.add("AES", () -> onAllCores(bytes, Unmasking::keystream));
      var masks = turns.add("masks", () -> onAllCores(bytes, Unmasking::masks));
      var closeOfSome = turns.add("six missing", some::seconds);
      var moreAes = turns.add("more AES", () -> onAllCores(more, Unmasking::keystream));
      var moreMasks = turns.add("more masks", () -> onAllCores(more, Unmasking::masks));
      var clear = turns.add("in the clear", clear(subject, crowd, gradients, online));
      turns.take(bench.warmUps(WARM_UPS));
      var lines = new ArrayList<Line>();
      String of = "%s × %s words of 32 bits, ".formatted(online, Line.count(size));
      lines.addAll(lines(of + "nobody missing", bytes, close, masks, aes, clear));
      lines.addAll(lines(of + missing + " missing", more, closeOfSome, moreMasks, moreAes, clear));
      return lines;
    }
  }

  private static List<Line> lines(
      String of, long bytes, Turns.Work close, Turns.Work masks, Turns.Work aes, Turns.Work clear) {
    Figure beside = aes.rate(bytes, Unit.BYTES);
    double unmasking = close.median() - clear.median();
    var lines = new ArrayList<Line>();
    if (unmasking > 0) { // or it is lost in what else a close does
      String what = "unmasking (the close less that in the clear) of " + of;
      Figure rate = new Figure(bytes / unmasking, Unit.BYTES);
      lines.add(new Line(what, rate, AES, beside, new Goal("", "0.5")));
    }
    lines.add(
        new Line("masks alone of " + of, masks.rate(bytes, Unit.BYTES), AES, beside, Goal.NONE));
    String whole = "whole close of " + of;
    lines.add(new Line(whole, close.rate(bytes, Unit.BYTES), AES, beside, Goal.NONE));
    String peer = "close of as many updates in the clear";
    lines.add(new Line(whole, close.time(), peer, clear.time(), Goal.NONE));
    return lines;
  }

  /** Each round's weights are downloaded before its close, as members of secure rounds do. */
  private static Turns.Timed clear(Subject subject, Crowd crowd, Gradients gradients, int clients) {
    String model = "unmasking-clear";
    var round = new int[1];
    return () -> {
      byte[] _ = subject.bytes("/v1/models/%s/weights".formatted(model));
      crowd.update(model, round[0], clients, gradients);
      round[0]++;
      long started = System.nanoTime();
      var _ = subject.close(model);
      return (System.nanoTime() - started) * 1e-9;
    };
  }

  /** Computes tiles of keystreams, by where they begin; for one thread. */
  private static LongConsumer keystream() {
    var stream = new Keystream();
    byte[] into = new byte[PIECE];
    byte[] seed = new byte[32];
    return at -> stream.read(seed, at, into, PIECE);
  }

  /** Takes the same off sums, as many for each tile as there are updates. */
  private static LongConsumer masks() {
    var words = new Words();
    int[] sums = new int[Range.TILE];
    List<Mask> masks = Collections.nCopies(MASKS, new Mask(new byte[32], false));
    return at -> {
      if (at / PIECE % MASKS == 0) {
        words.add(masks, at / MASKS, sums, Range.TILE);
      }
    };
  }

  /** The seconds that all cores take for so many bytes. */
  private static double onAllCores(long bytes, Supplier<LongConsumer> work) throws Exception {
    int threads = Runtime.getRuntime().availableProcessors();
    try (var pool = Executors.newFixedThreadPool(threads)) {
      long started = System.nanoTime();
      var running = new ArrayList<Future<?>>();
      for (int thread = 0; thread < threads; thread++) {
        running.add(
            pool.submit(() -> {
              LongConsumer own = work.get();
              for (long at = 0; at < bytes / threads; at += PIECE) {
                own.accept(at);
              }
            }));
      }
      for (Future<?> one : running) {
        one.get();
      }
      return (System.nanoTime() - started) * 1e-9;
    }
  }
}
