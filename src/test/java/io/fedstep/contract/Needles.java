package io.fedstep.contract;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/** Runs of at least eight bytes that are looked for, each with a name. */
final class Needles {
  private static final int BITS = 22;

  private record Needle(String name, ByteBuffer bytes) {}

  private final Map<Long, List<Needle>> byStart = new HashMap<>();
  private final BitSet starts = new BitSet(1 << BITS);

  private static int hash(long start) {
    return (int) ((start * 0x9E3779B97F4A7C15L) >>> (Long.SIZE - BITS));
  }

  void add(String name, byte[] bytes) {
    long start = ByteBuffer.wrap(bytes).getLong();
    byStart
        .computeIfAbsent(start, _ -> new ArrayList<>())
        .add(new Needle(name, ByteBuffer.wrap(bytes)));
    starts.set(hash(start));
  }

  /** Numbers as they lie in memory, in a file or in a heap dump: one behind the other. */
  void add(String name, double first, double second) {
    for (ByteOrder order : List.of(ByteOrder.LITTLE_ENDIAN, ByteOrder.BIG_ENDIAN)) {
      ByteBuffer doubles = ByteBuffer.allocate(16).order(order);
      add(name + " as doubles", doubles.putDouble(first).putDouble(second).array());
      ByteBuffer floats = ByteBuffer.allocate(8).order(order);
      add(name + " as floats", floats.putFloat((float) first).putFloat((float) second).array());
    }
  }

  /** The same of whole numbers. */
  void add(String name, long first, long second) {
    for (ByteOrder order : List.of(ByteOrder.LITTLE_ENDIAN, ByteOrder.BIG_ENDIAN)) {
      ByteBuffer words = ByteBuffer.allocate(16).order(order);
      add(name + " as words", words.putLong(first).putLong(second).array());
    }
  }

  /** The names of those that are in bytes. */
  Set<String> in(ByteBuffer bytes) {
    var found = new TreeSet<String>();
    for (int at = 0; at <= bytes.limit() - Long.BYTES; at++) {
      long start = bytes.getLong(at);
      if (starts.get(hash(start)) && byStart.containsKey(start)) {
        for (Needle needle : byStart.get(start)) {
          int length = needle.bytes.limit();
          if (at + length <= bytes.limit() && bytes.slice(at, length).equals(needle.bytes)) {
            found.add(needle.name);
          }
        }
      }
    }
    return found;
  }

  Set<String> in(byte[] bytes) {
    return in(ByteBuffer.wrap(bytes));
  }

  /** The same of a file, or of all files below a folder. */
  Set<String> in(Path place) {
    var found = new TreeSet<String>();
    try (Stream<Path> files = Files.walk(place)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        try (var channel = FileChannel.open(file, StandardOpenOption.READ)) {
          found.addAll(in(channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size())));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return found;
  }
}
