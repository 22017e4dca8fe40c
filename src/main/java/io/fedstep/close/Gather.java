package io.fedstep.close;

/**
 * An exchange of numbers among the shards of a close: each gives its own, waits for the others, and
 * gets those of all, in shard order. Every shard asks for the same exchanges in the same order.
 */
@FunctionalInterface
public interface Gather {
  /** One machine, whose one shard has all there is. */
  Gather WHOLE = own -> own;

  /** What all shards have, from what this one has. */
  double[] all(double[] own);
}
