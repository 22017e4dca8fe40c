/**
 * The engine of several machines. Every process is a gateway that takes updates over HTTP ({@link
 * io.fedstep.kafka.Gateway}), may decide for models ({@link io.fedstep.kafka.Leader}, one for each
 * partition of the requests) and may compute ranges of their coordinates ({@link
 * io.fedstep.kafka.RangeWorker}, one for each partition of the chunks). Apache Kafka is the log,
 * and says who is who; versions are files in a folder that all processes share.
 *
 * <pre>
 *   gateway ── chunks, header ──► chunks, requests
 *   leader  ◄── requests ── decides ──► decisions (and admissions, closes ──► chunks)
 *   worker  ◄── chunks ── computes its range into the shared folder ──► requests
 *   gateway ◄── decisions: what it is asked about a model, and what it answers
 * </pre>
 *
 * <p>Messages are typed and have one codec each: {@link io.fedstep.kafka.LogEntry} for decisions,
 * by the keys of the compacted topic, {@link io.fedstep.kafka.Request} for leaders, {@link
 * io.fedstep.kafka.RangeMessage} for ranges. Leader, follower and restart apply the same entries
 * ({@link io.fedstep.kafka.Replica}).
 *
 * <p>A {@link io.fedstep.kafka.Membership} gives a process its partitions: of the requests ({@link
 * io.fedstep.kafka.LeaderPartitions}) and of the chunks ({@link
 * io.fedstep.kafka.WorkerPartitions}). Of one model, {@link io.fedstep.kafka.ModelLeader} handles
 * the requests, {@link io.fedstep.kafka.RoundEnd} closes rounds and begins the next, {@link
 * io.fedstep.kafka.VersionTask} makes the version between them, and all that is decided goes to the
 * leader's {@link io.fedstep.kafka.Outbox}. What is decided is {@link
 * io.fedstep.coordinator.ModelMachine}'s to say, as on one machine; a range is closed by {@link
 * io.fedstep.kafka.RangeClose}.
 *
 * <ul>
 *   <li>Messages of earlier releases mean the same: {@code MessagesTest}.
 *   <li>Every process comes to the same models from the decisions, in any state of their
 *       compaction: {@code ReplicaTest}.
 *   <li>What a leader decided is written once, with the position in its requests: {@code
 *       LeaderTest}.
 *   <li>Nothing acknowledged is lost or counted twice, in whatever order messages come and whoever
 *       is killed, or wakes up too late: {@code ClusterSimulationTest}, and on real brokers {@code
 *       ClusterTest}, {@code ClusterKillTest}.
 * </ul>
 */
@NullMarked
package io.fedstep.kafka;

import org.jspecify.annotations.NullMarked;
