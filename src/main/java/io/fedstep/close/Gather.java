package io.fedstep.close;

/**
 * What shards of a close exchange: each gives what it has, waits for the others, and gets what all
 * have, in shard order. Every shard asks for the same exchanges in the same order.
 */
@FunctionalInterface
public interface Gather {
  /** One machine, whose one shard has all there is. */
  Gather WHOLE = own -> own;

  /** What all shards have, from what this one has. */
  double[] all(double[] own);
}
