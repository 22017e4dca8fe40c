package io.fedstep.vector;

/**
 * One of the ranges into which a vector's coordinates are cut, each computed by itself. The cuts
 * lie between runs of tiles, of which there are at most 16, whatever the number of shards: what is
 * summed run by run is the same sum however many there are.
 *
 * @param index from 0
 * @param count of all shards
 */
public record Shard(int index, int count) {
  /** All coordinates. */
  public static final Shard WHOLE = new Shard(0, 1);

  /** The most runs, and so the most shards. */
  private static final int MOST_RUNS = 16;

  public Shard {
    if (index < 0 || index >= count) {
      throw new IllegalArgumentException("shard %s of %s".formatted(index, count));
    }
  }

  /** The number of runs of a vector of {@code size} values, and the most shards it can have. */
  public static int runs(long size) {
    return (int) Math.min(MOST_RUNS, Range.tiles(size));
  }

  /** The first tile of a run; that of the run behind the last is the number of tiles. */
  public static int firstTile(int run, long size) {
    return (int) (Range.tiles(size) * run / runs(size));
  }

  /** The first of its runs. */
  public int firstRun(long size) {
    return (int) ((long) runs(size) * index / count);
  }

  /** The run behind its last. */
  public int endRun(long size) {
    return (int) ((long) runs(size) * (index + 1) / count);
  }

  /** The first of its tiles. */
  public int firstTile(long size) {
    return firstTile(firstRun(size), size);
  }

  /** The tile behind its last. */
  public int endTile(long size) {
    return firstTile(endRun(size), size);
  }

  /** The first of its coordinates. */
  public long begin(long size) {
    return (long) firstTile(size) * Range.TILE;
  }

  /** The coordinate behind its last. */
  public long end(long size) {
    return Math.min(size, (long) endTile(size) * Range.TILE);
  }
}
