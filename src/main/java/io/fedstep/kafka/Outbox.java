package io.fedstep.kafka;

import io.fedstep.problem.Refusal;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * What a leader has decided and not written yet: entries of the log, messages to ranges, the offset
 * of the last request, all of one transaction, and what is done once that is over.
 */
final class Outbox implements ModelDecisions.Writer {
  /** Answers that are kept at most, the oldest of which every process has long read. */
  private static final int ANSWERS = 4096;

  private final Topics topics;
  private final TopicPartition requests;
  private final Replica replica;
  private final List<ProducerRecord<String, byte[]>> messages = new ArrayList<>();
  private final Queue<Runnable> afterCommit = new ArrayDeque<>();
  private @Nullable Long next;
  private int answers;

  /** Of the leader of a partition of the requests, whose decisions count in {@code replica}. */
  Outbox(Topics topics, int partition, Replica replica) {
    this.topics = topics;
    requests = new TopicPartition(topics.requests(), partition);
    this.replica = replica;
  }

  /** It counts as others will read it. */
  @Override
  public void decide(LogEntry entry) {
    String key = entry.key();
    ObjectNode content = LogEntryCodec.write(entry);
    replica.apply(LogEntryCodec.read(key, content));
    write(key, content);
  }

  @Override
  public void write(LogEntry entry) {
    write(entry.key(), LogEntryCodec.write(entry));
  }

  private void write(String key, @Nullable ObjectNode content) {
    byte[] bytes = content == null ? null : MessageJson.write(content);
    messages.add(new ProducerRecord<>(topics.decisions(), requests.partition(), key, bytes));
  }

  /** Answers who asked, if anybody did. */
  void answer(@Nullable ReplyTo replyTo, Refusal refusal) {
    reply(replyTo, new LogEntry.Refused(refusal));
  }

  /** Answers who asked, if anybody did. */
  void answer(@Nullable ReplyTo replyTo, ObjectNode result) {
    reply(replyTo, new LogEntry.Result(result));
  }

  private void reply(@Nullable ReplyTo replyTo, LogEntry.Reply reply) {
    if (replyTo != null) {
      write(new LogEntry.Answer(answers++ % ANSWERS, replyTo, reply));
    }
  }

  /** Tells the ranges of a model. */
  void toRanges(String model, Placement placement, RangeMessage message) {
    byte[] bytes = MessageJson.write(RangeMessageCodec.write(message));
    for (int to : placement.all()) {
      messages.add(new ProducerRecord<>(topics.chunks(), to, model, bytes));
    }
  }

  /** The requests before that offset are dealt with. */
  void handled(long nextOffset) {
    next = nextOffset;
  }

  /** Does something after what was decided is written. */
  void afterCommit(Runnable action) {
    afterCommit.add(action);
  }

  /** Whether something is to be done once what was decided is written. */
  boolean hasAfterCommit() {
    return !afterCommit.isEmpty();
  }

  boolean isEmpty() {
    return messages.isEmpty() && afterCommit.isEmpty() && next == null;
  }

  /**
   * Writes all of it, unless the group is just sharing its partitions anew: then the next call
   * writes it, if this partition is still the process's.
   */
  boolean commit(Producer<String, byte[]> producer, ConsumerGroupMetadata group) {
    if (next != null || !messages.isEmpty()) {
      producer.beginTransaction();
      try {
        for (ProducerRecord<String, byte[]> message : messages) {
          var _ = producer.send(message); // what fails, fails the commit
        }
        if (next != null) {
          producer.sendOffsetsToTransaction(Map.of(requests, new OffsetAndMetadata(next)), group);
        }
      } catch (CommitFailedException e) {
        producer.abortTransaction();
        return false;
      }
      producer.commitTransaction();
      messages.clear();
      next = null;
    }
    for (Runnable done = afterCommit.poll(); done != null; done = afterCommit.poll()) {
      done.run();
    }
    return true;
  }
}
