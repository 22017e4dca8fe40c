package io.fedstep.quota;

import static java.util.stream.Collectors.counting;
import static java.util.stream.Collectors.groupingByConcurrent;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * The number of connections that each address had open at the last count, less those that were
 * refused since. Addresses of this machine and of proxies, which stand for many, are not counted.
 */
public final class PeerConnections {
  private final int most;
  private final Predicate<String> manyPeers;
  private volatile Map<String, Long> open = new ConcurrentHashMap<>();

  /**
   * No connections yet.
   *
   * @param most for one address
   * @param manyPeers addresses that stand for many
   */
  public PeerConnections(int most, Predicate<String> manyPeers) {
    this.most = most;
    this.manyPeers = manyPeers;
  }

  /** Counts the connections again, by the peers of all that are open. */
  public void look(Stream<String> peers) {
    open = peers.collect(groupingByConcurrent(peer -> peer, counting()));
  }

  /** Whether a connection of an address is one too many; it is closed then. */
  public boolean refuses(String peer) {
    Long count = open.get(peer);
    if (count == null || count <= most || manyPeers.test(peer)) {
      return false;
    }
    return open.replace(peer, count, count - 1) || refuses(peer);
  }

  /** Connections that one address may have open. */
  public int most() {
    return most;
  }
}
