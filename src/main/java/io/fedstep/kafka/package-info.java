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
 */
@NullMarked
package io.fedstep.kafka;

import org.jspecify.annotations.NullMarked;
