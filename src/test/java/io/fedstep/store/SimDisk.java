package io.fedstep.store;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * A disk that loses what was not forced, and fails when it is told to. Its files are real ones, so
 * that they can be mapped; beside them it keeps what of them is durable. A loss of power gives
 * another folder, in which everything durable is and of the rest a random part: sectors of files as
 * they were at any moment since the last force, and entries of folders. A rename is there whole or
 * not at all.
 */
public final class SimDisk extends Device {
  /** What fails. */
  public enum Fault {
    /** Power is lost before the operation; of a write, a part may be on the disk. */
    POWER,
    /** The process is killed before the operation; what it wrote is there, but not durable. */
    KILL,
    /** The operation fails, a write in its middle. */
    IO_ERROR,
    /** There is no room: everything fails that may need some, a write in its middle. */
    FULL,
    /** Rights are wanting: nothing is opened, made, moved or removed; what is open goes on. */
    NO_RIGHTS;

    private boolean strikes(Kind kind) {
      return switch (this) {
        case POWER, KILL -> kind != Kind.READ && kind != Kind.OPEN;
        case IO_ERROR -> true;
        case FULL -> kind == Kind.GROW || kind == Kind.MAKE;
        case NO_RIGHTS -> kind == Kind.OPEN || kind == Kind.MAKE || kind == Kind.REMOVE;
      };
    }
  }

  private enum Kind {
    /** Of what is open. */
    READ,
    OPEN,
    /** May need room. */
    GROW,
    /** The same in a folder. */
    MAKE,
    SHRINK,
    REMOVE,
    FORCE
  }

  /** A change of folders: a creation, a removal, or a rename, which is both. */
  private record Entry(
      SimNode node,
      SimNode.@Nullable Folder from,
      String fromName,
      SimNode.@Nullable Folder to,
      String toName) {
    boolean touches(SimNode.Folder folder) {
      return from == folder || to == folder;
    }

    /** Whether this brought the node to where the other takes it from. */
    boolean precedes(Entry other) {
      return node == other.node && to != null && to == other.from && toName.equals(other.fromName);
    }

    boolean sharesAName(Entry other) {
      return shares(from, fromName, other) || shares(to, toName, other);
    }

    private static boolean shares(SimNode.@Nullable Folder folder, String name, Entry other) {
      return folder != null
          && ((folder == other.from && name.equals(other.fromName))
              || (folder == other.to && name.equals(other.toName)));
    }

    void makeDurable() {
      if (from != null && from.durable().get(fromName) == node) {
        from.durable().remove(fromName);
      }
      if (to != null) {
        to.durable().put(toName, node);
      }
    }
  }

  private final RandomGenerator random;
  private final Path root;
  private final SimNode.Folder top;
  private final List<Entry> entries = new ArrayList<>();
  private final Map<FileChannel, SimNode.File> open =
      Collections.synchronizedMap(new IdentityHashMap<>());
  private @Nullable Fault fault;
  private long countdown;
  private boolean lasting;
  private boolean dead;
  private boolean struck;
  private boolean observed;
  private String where = "";
  private String only = "";

  private SimDisk(RandomGenerator random, Path root, SimNode.Folder top) {
    this.random = random;
    this.root = root;
    this.top = top;
  }

  /** An empty disk in a folder that does not exist yet. */
  public static SimDisk in(Path root, RandomGenerator random) {
    return new SimDisk(random, root, new SimNode.Folder().restore(root));
  }

  /** The disk as what is tested gets it. */
  public Disk disk() {
    return new Disk(this);
  }

  /** Its folder. */
  public Path root() {
    return root;
  }

  /** Has the operation fail that is {@code skipped} after the next which can fail so. */
  public synchronized void fail(Fault kind, long skipped, boolean forGood) {
    fault = kind;
    countdown = skipped;
    lasting = forGood;
    struck = false;
    only = "";
  }

  /** Has every operation fail on what has a path with that end. */
  public synchronized void fail(Fault kind, String end) {
    fail(kind, 0, true);
    only = end;
  }

  /** Nothing fails any more. */
  public synchronized void heal() {
    fault = null;
    struck = false;
  }

  /** Whether what follows is a test's look, which does not count and does not fail. */
  public synchronized void observed(boolean now) {
    observed = now;
  }

  /** Whether it has failed since it was told to. */
  public synchronized boolean struck() {
    return struck;
  }

  /** Which operation was the last to fail. */
  public synchronized String where() {
    return where;
  }

  /** Whether nothing works any more before it is taken up again. */
  public synchronized boolean dead() {
    return dead;
  }

  // What comes after

  /** The disk after a loss of power, in another folder. */
  public synchronized SimDisk afterPowerLoss(Path next) {
    boolean inOrder = random.nextBoolean(); // as file systems with a journal do
    int first = random.nextInt(entries.size() + 1);
    var lost = new ArrayList<Entry>();
    for (int i = 0; i < entries.size(); i++) {
      Entry entry = entries.get(i);
      boolean kept = inOrder ? i < first : random.nextBoolean();
      if (kept && lost.stream().noneMatch(entry::sharesAName)) {
        entry.makeDurable();
      } else {
        lost.add(entry);
      }
    }
    tear(top, random.nextBoolean() ? 64 : 512);
    return new SimDisk(random, next, top.restore(next));
  }

  private void tear(SimNode.Folder folder, int sector) {
    for (SimNode node : folder.durable().values()) {
      switch (node) {
        case SimNode.File file -> file.tear(random, sector);
        case SimNode.Folder inner -> tear(inner, sector);
      }
    }
  }

  /** The disk after the process was killed: as it is, and as little durable, in another folder. */
  public synchronized SimDisk afterKill(Path next) {
    try {
      Files.move(root, next);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    var disk = new SimDisk(random, next, top);
    disk.entries.addAll(entries);
    return disk;
  }

  // Faults

  private void enter(Kind kind, Path path) throws IOException {
    if (dead) {
      throw new IOException("dead at " + where);
    }
    if (observed
        || fault == null
        || !fault.strikes(kind)
        || !(only.isEmpty() || path.toString().endsWith(only))
        || countdown-- > 0) {
      return;
    }
    struck = true;
    where = kind + " " + path;
    Fault now = fault;
    if (!lasting) {
      fault = null;
    } else {
      countdown = 0;
    }
    switch (now) {
      case POWER, KILL -> {
        dead = true;
        throw new IOException("dead at " + where);
      }
      case IO_ERROR -> throw new IOException("Input/output error");
      case FULL -> throw new IOException("No space left on device");
      case NO_RIGHTS -> throw new AccessDeniedException(path.toString());
    }
  }

  // Nodes

  private boolean knows(Path path) {
    return path.startsWith(root);
  }

  private SimNode.@Nullable Folder folder(Path path) {
    return find(path) instanceof SimNode.Folder folder ? folder : null;
  }

  private @Nullable SimNode find(Path path) {
    Path clean = path.normalize();
    if (clean.equals(root)) {
      return top;
    }
    SimNode.Folder folder = folder(Objects.requireNonNull(clean.getParent()));
    return folder == null ? null : folder.entries().get(name(clean));
  }

  private static String name(Path path) {
    return path.getFileName().toString();
  }

  private SimNode.Folder parent(Path path) {
    return Objects.requireNonNull(folder(Objects.requireNonNull(path.getParent())));
  }

  private void link(Path path, SimNode node) {
    SimNode.Folder folder = parent(path);
    folder.entries().put(name(path), node);
    entries.add(new Entry(node, null, "", folder, name(path)));
  }

  // Operations

  @Override
  synchronized FileChannel openToRead(Path path) throws IOException {
    if (!knows(path)) {
      return super.openToRead(path);
    }
    enter(Kind.OPEN, path);
    FileChannel channel = super.openToRead(path);
    if (find(path) instanceof SimNode.File file) {
      open.put(channel, file);
    }
    return channel;
  }

  @Override
  synchronized FileChannel openToWrite(Path file) throws IOException {
    if (!knows(file)) {
      return super.openToWrite(file);
    }
    SimNode found = find(file);
    enter(found == null ? Kind.MAKE : Kind.OPEN, file);
    FileChannel channel = super.openToWrite(file);
    if (found == null) {
      found = new SimNode.File();
      link(file, found);
    }
    open.put(channel, (SimNode.File) found);
    return channel;
  }

  /** Servers that share a folder are one process here, which the JDK gives a lock once. */
  @Override
  boolean lock(FileChannel channel, boolean shared) throws IOException {
    return shared || super.lock(channel, shared);
  }

  @Override
  synchronized int write(Path file, FileChannel channel, ByteBuffer bytes, long at)
      throws IOException {
    SimNode.File node = open.get(channel);
    if (node == null) {
      return super.write(file, channel, bytes, at);
    }
    boolean wasDead = dead;
    try {
      enter(Kind.GROW, file);
    } catch (IOException e) {
      if (bytes.remaining() > 1 && !wasDead) {
        pass(node, channel, bytes.slice(bytes.position(), bytes.remaining() / 2), at);
      }
      throw e;
    }
    return pass(node, channel, bytes, at);
  }

  private static int pass(SimNode.File node, FileChannel channel, ByteBuffer bytes, long at)
      throws IOException {
    var copy = new byte[bytes.remaining()];
    bytes.duplicate().get(copy);
    node.write(at, copy);
    return channel.write(bytes, at);
  }

  @Override
  synchronized int read(Path file, FileChannel channel, ByteBuffer into, long at)
      throws IOException {
    if (open.containsKey(channel)) {
      enter(Kind.READ, file);
    }
    return super.read(file, channel, into, at);
  }

  @Override
  synchronized MemorySegment map(Path file, FileChannel channel, long size, Arena arena)
      throws IOException {
    if (open.containsKey(channel)) {
      enter(Kind.READ, file);
    }
    return super.map(file, channel, size, arena);
  }

  @Override
  synchronized long size(Path file, FileChannel channel) throws IOException {
    if (open.containsKey(channel)) {
      enter(Kind.READ, file);
    }
    return super.size(file, channel);
  }

  @Override
  synchronized void truncate(Path file, FileChannel channel, long size) throws IOException {
    SimNode.File node = open.get(channel);
    if (node != null) {
      enter(Kind.SHRINK, file);
      node.truncate(size);
    }
    super.truncate(file, channel, size);
  }

  @Override
  synchronized void force(Path file, FileChannel channel) throws IOException {
    SimNode.File node = open.get(channel);
    if (node == null) {
      super.force(file, channel);
    } else {
      enter(Kind.FORCE, file);
      node.force();
    }
  }

  @Override
  synchronized void forceFolder(Path path, FileChannel channel) throws IOException {
    SimNode.Folder folder = knows(path) ? folder(path) : null;
    if (folder == null) {
      return;
    }
    enter(Kind.FORCE, path);
    for (Entry entry : List.copyOf(entries)) {
      if (entry.touches(folder) && entries.remove(entry)) {
        entry.makeDurable();
        entries.removeIf(earlier -> earlier.precedes(entry));
      }
    }
  }

  @Override
  synchronized @Nullable BasicFileAttributes attributes(Path path, LinkOption... links)
      throws IOException {
    if (knows(path)) {
      enter(Kind.OPEN, path);
    }
    return super.attributes(path, links);
  }

  @Override
  synchronized List<String> names(Path folder) throws IOException {
    if (knows(folder)) {
      enter(Kind.OPEN, folder);
    }
    return super.names(folder);
  }

  @Override
  synchronized byte[] bytes(Path file) throws IOException {
    if (knows(file)) {
      enter(Kind.OPEN, file);
    }
    return super.bytes(file);
  }

  @Override
  synchronized void createFolder(Path folder) throws IOException {
    if (knows(folder)) {
      enter(Kind.MAKE, folder);
    }
    super.createFolder(folder);
    if (knows(folder)) {
      link(folder, new SimNode.Folder());
    }
  }

  @Override
  synchronized void move(Path from, Path to) throws IOException {
    if (knows(from)) {
      enter(Kind.MAKE, to);
    }
    super.move(from, to);
    if (knows(from)) {
      SimNode node = Objects.requireNonNull(parent(from).entries().remove(name(from)));
      parent(to).entries().put(name(to), node);
      entries.add(new Entry(node, parent(from), name(from), parent(to), name(to)));
    }
  }

  @Override
  synchronized void delete(Path path) throws IOException {
    if (knows(path)) {
      enter(Kind.REMOVE, path);
    }
    super.delete(path);
    if (knows(path)) {
      SimNode node = Objects.requireNonNull(parent(path).entries().remove(name(path)));
      entries.add(new Entry(node, parent(path), name(path), null, ""));
    }
  }
}
