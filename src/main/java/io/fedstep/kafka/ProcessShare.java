package io.fedstep.kafka;

/** The part of a process in its cluster's work. */
record ProcessShare(
    Membership leads, Membership works, DecisionFollower follower, WorkerPartitions ranges)
    implements ClusterMeters.Share {
  @Override
  public int led() {
    return leads.count();
  }

  @Override
  public int computed() {
    return works.count();
  }

  @Override
  public long requestsLag() {
    return leads.lag();
  }

  @Override
  public long chunksLag() {
    return works.lag();
  }

  @Override
  public long decisionsLag() {
    return follower.lag();
  }

  @Override
  public long held() {
    return ranges.held();
  }
}
