package io.fedstep.kafka;

/** What a process has for the ranges that it computes. */
record RangeHost(Cluster cluster, DecisionFollower follower, RangeProgress progress) {}
