package io.fedstep.store;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.random.RandomGenerator;

/** A file or folder of a {@link SimDisk}: what of it is durable, and what came since. */
sealed interface SimNode {
  /** Writes what is durable of it to a real path, and gives it as a node of which all is. */
  SimNode restore(Path path);

  /** A folder: its entries as they are, and as they are durable. */
  final class Folder implements SimNode {
    private final Map<String, SimNode> entries = new TreeMap<>();
    private final Map<String, SimNode> durable = new TreeMap<>();

    Map<String, SimNode> entries() {
      return entries;
    }

    Map<String, SimNode> durable() {
      return durable;
    }

    @Override
    public Folder restore(Path path) {
      var fresh = new Folder();
      try {
        Files.createDirectories(path);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      durable.forEach((name, node) -> fresh.durable.put(name, node.restore(path.resolve(name))));
      fresh.entries.putAll(fresh.durable);
      return fresh;
    }
  }

  /** A file: its durable bytes, and the writes and truncations since. */
  final class File implements SimNode {
    private byte[] durable = {};
    private final List<Change> pending = new ArrayList<>();

    /** Bytes written at a place, or a truncation, which writes none there. */
    private record Change(int at, ByteBuffer bytes, boolean truncates) {
      byte[] apply(byte[] before) {
        if (truncates) {
          return at < before.length ? Arrays.copyOf(before, at) : before;
        }
        byte[] after = Arrays.copyOf(before, Math.max(before.length, at + bytes.limit()));
        bytes.get(0, after, at, bytes.limit());
        return after;
      }
    }

    void write(long at, byte[] bytes) {
      pending.add(new Change(Math.toIntExact(at), ByteBuffer.wrap(bytes), false));
    }

    void truncate(long size) {
      pending.add(new Change(Math.toIntExact(size), ByteBuffer.allocate(0), true));
    }

    void force() {
      for (Change change : pending) {
        durable = change.apply(durable);
      }
      pending.clear();
    }

    /**
     * Loses power: of each sector, and of the size, the disk has what it was at some moment since
     * the last force.
     */
    void tear(RandomGenerator random, int sector) {
      var states = new ArrayList<byte[]>();
      states.add(durable);
      pending.forEach(change -> states.add(change.apply(states.getLast())));
      pending.clear();
      int kind = random.nextInt(4);
      if (kind < 2) {
        durable = kind == 0 ? states.getFirst() : states.getLast();
        return;
      }
      var torn = new byte[states.get(random.nextInt(states.size())).length];
      for (int at = 0; at < torn.length; at += sector) {
        byte[] state = states.get(random.nextInt(states.size()));
        int length = Math.min(sector, Math.min(torn.length, state.length) - at);
        if (length > 0) {
          System.arraycopy(state, at, torn, at, length);
        }
      }
      durable = torn;
    }

    @Override
    public File restore(Path path) {
      try {
        Files.write(path, durable);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      var fresh = new File();
      fresh.durable = durable;
      return fresh;
    }
  }
}
