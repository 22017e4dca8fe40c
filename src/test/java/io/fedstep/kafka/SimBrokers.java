package io.fedstep.kafka;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.util.stream.Collectors.toSet;
import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.coordinator.Coordinator.Missing;
import io.fedstep.round.NoiseKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetCommitCallback;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.record.TimestampType;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Kafka in memory, as far as a cluster uses it, and in all the orders that Kafka allows: messages
 * of a transaction that become visible in one partition after the other, transactions that an
 * answer does not tell the end of, members that are sent away without being told, partitions that
 * change hands at any moment, topics that are compacted. All of it is drawn.
 */
@SuppressWarnings({
  "ArrayRecordComponent",
  "ThreadPriorityCheck", // where a thread gives way, others may come first
  "UnsynchronizedOverridesSynchronized" // one thread runs at a time
})
final class SimBrokers {
  private static final String OFFSETS = "offsets";
  private static final int MOST_POLLED = 6;

  private final Random random;
  private final SimThreads.SimProcess process;
  private final int count;
  private final Map<TopicPartition, DecisionReader> logs = new TreeMap<>(SimBrokers::compare);
  private final Map<String, Group> groups = new HashMap<>();
  private final Map<String, Writer> writers = new LinkedHashMap<>();
  private final Set<Thread> waiting = new LinkedHashSet<>();
  private final Map<NoiseKey, List<Message>> keyed = new HashMap<>();
  private long ticks;
  private int members;

  /** Of a thousand requests to the brokers, how many are not answered. */
  private int lost;

  SimBrokers(Random random, SimThreads.SimProcess process, int partitions) {
    this.random = random;
    this.process = process;
    count = partitions;
  }

  private static int compare(TopicPartition a, TopicPartition b) {
    int topics = a.topic().compareTo(b.topic());
    return topics != 0 ? topics : Integer.compare(a.partition(), b.partition());
  }

  void losing(int ofThousand) {
    lost = ofThousand;
  }

  private boolean loses() {
    return random.nextInt(1000) < lost;
  }

  private DecisionReader log(TopicPartition partition) {
    return logs.computeIfAbsent(partition, _ -> new DecisionReader());
  }

  private Group group(String name) {
    return groups.computeIfAbsent(name, Group::new);
  }

  // Waiting

  private void await(BooleanSupplier until) {
    while (!until.getAsBoolean()) {
      waiting.add(Thread.currentThread());
      LockSupport.park(this);
    }
  }

  private void wake() {
    List<Thread> all = List.copyOf(waiting);
    waiting.clear();
    all.forEach(LockSupport::unpark);
  }

  /** Time passes in which nothing happened: who asks for messages is told that there are none. */
  void tick() {
    ticks++;
    wake();
  }

  // Logs and transactions

  private record Message(
      long offset,
      @Nullable String key,
      byte @Nullable [] value,
      Headers headers,
      @Nullable Transaction in) {}

  /** A partition. */
  private static final class DecisionReader {
    private final List<Message> messages = new ArrayList<>();
    private final Map<Transaction, Long> open = new LinkedHashMap<>();
    private long start;
    private long end;

    /** Up to where it is decided what counts. */
    long stable() {
      return open.values().stream().mapToLong(Long::longValue).min().orElse(end);
    }
  }

  private static final class Transaction {
    /** Where nobody can see yet how it ended. */
    private final Set<TopicPartition> unmarked = new LinkedHashSet<>();

    private final Map<String, Map<TopicPartition, Long>> offsets = new LinkedHashMap<>();
    private @Nullable Boolean committed;
  }

  private void append(ProducerRecord<String, byte[]> message, @Nullable Transaction in) {
    var at = new TopicPartition(message.topic(), message.partition());
    DecisionReader log = log(at);
    if (in != null && in.unmarked.add(at)) {
      log.open.put(in, log.end);
    }
    var appended = new Message(log.end++, message.key(), message.value(), message.headers(), in);
    log.messages.add(appended);
    note(appended);
    if (in == null) {
      wake();
    }
  }

  /** Takes note of a close with noise, which a compaction removes. */
  private void note(Message message) {
    if (message.key() != null && message.key().startsWith("round/") && message.value() != null) {
      JsonNode key = MessageJson.read(message.value()).path("closed").path("noise_key");
      if (key.isString()) {
        keyed.computeIfAbsent(new NoiseKey(key.stringValue()), _ -> new ArrayList<>()).add(message);
      }
    }
  }

  /** The keys of noise in closes that count, by the base of their rounds; each is of one round. */
  Map<String, Set<NoiseKey>> noiseKeys() {
    var byBase = new HashMap<String, Set<NoiseKey>>();
    keyed.forEach((key, messages) -> {
      Set<String> bases =
          messages.stream()
              .map(one -> MessageJson.read(Objects.requireNonNull(one.value())))
              .map(json -> MessageJson.text(json, "base"))
              .collect(toSet());
      assertThat(bases).as("rounds of one key").hasSize(1);
      if (messages.stream().anyMatch(SimBrokers::isVisible)) {
        byBase.computeIfAbsent(bases.iterator().next(), _ -> new HashSet<>()).add(key);
      }
    });
    return byBase;
  }

  /** Decides about a transaction; the partitions show it one by one. */
  private void end(Transaction transaction, boolean commit) {
    transaction.committed = commit;
    process
        .thread(
            "markers",
            () -> {
              while (!transaction.unmarked.isEmpty()) {
                Thread.yield();
                mark(transaction);
              }
            })
        .start();
  }

  private void markAll(Transaction transaction) {
    while (!transaction.unmarked.isEmpty()) {
      mark(transaction);
    }
  }

  private void mark(Transaction transaction) {
    List<TopicPartition> left = List.copyOf(transaction.unmarked);
    if (left.isEmpty()) {
      return;
    }
    TopicPartition at = left.get(random.nextInt(left.size()));
    transaction.unmarked.remove(at);
    if (at.topic().equals(OFFSETS)) {
      if (Boolean.TRUE.equals(transaction.committed)) {
        transaction.offsets.forEach((group, offsets) -> group(group).committed.putAll(offsets));
      }
    } else {
      DecisionReader log = log(at);
      log.open.remove(transaction);
      log.end++; // where the marker is
    }
    wake();
  }

  /** Ends the transactions of those who are dead, or say nothing for too long. */
  void expire(Predicate<SimThreads.SimProcess> silent) {
    writers.values().stream().filter(one -> silent.test(one.of)).forEach(Writer::fence);
  }

  /** Of all messages with one key the last stays. */
  void compact(String topic) {
    for (int partition = 0; partition < count; partition++) {
      var at = new TopicPartition(topic, partition);
      DecisionReader log = log(at);
      long stable = log.stable();
      var last = new HashMap<String, Long>();
      log.messages.stream()
          .filter(one -> one.offset() < stable && isVisible(one))
          .forEach(one -> last.put(Objects.requireNonNull(one.key()), one.offset()));
      log.messages.removeIf(one ->
          one.offset() < stable
              && (!isVisible(one) || last.getOrDefault(one.key(), 0L) > one.offset()));
    }
  }

  /** The messages, for people. */
  @Override
  public String toString() {
    var all = new StringBuilder();
    logs.forEach((partition, log) -> {
      all.append(
          "%s: %s to %s, stable %s%n".formatted(partition, log.start, log.end, log.stable()));
      log.messages.forEach(one ->
          all.append(
              "  %s %s %s %s%n"
                  .formatted(
                      one.offset(),
                      isVisible(one) ? "" : "aborted",
                      one.key(),
                      one.value() == null
                          ? null
                          : new String(
                              one.value(), 0, Math.min(one.value().length, 300), ISO_8859_1))));
    });
    groups.forEach((name, group) ->
        all.append(
            "%s: generation %s, %s, owners %s%n"
                .formatted(name, group.generation, group.committed, group.owners.keySet())));
    return all.toString();
  }

  private static boolean isVisible(Message message) {
    return message.in() == null || Boolean.TRUE.equals(message.in().committed);
  }

  /** A producer. */
  private final class Writer extends MockProducer<String, byte[]> {
    private final SimThreads.SimProcess of;
    private final @Nullable String id;
    private @Nullable Transaction transaction;
    private @Nullable Transaction before;
    private boolean fenced;

    Writer(SimThreads.SimProcess of, @Nullable String id) {
      this.of = of;
      this.id = id;
    }

    private void fence() {
      fenced = true;
      Transaction open = transaction;
      if (open != null) {
        transaction = null;
        end(open, false);
        markAll(open);
      }
      if (before != null) {
        markAll(before);
      }
    }

    private void check() {
      if (fenced) {
        throw new ProducerFencedException("another has the id " + id);
      }
    }

    @Override
    public void initTransactions() {
      Thread.yield();
      Writer earlier = writers.put(Objects.requireNonNull(id), this);
      if (earlier != null) {
        earlier.fence();
      }
      if (loses()) {
        throw new TimeoutException("nobody answers");
      }
    }

    @Override
    public void beginTransaction() {
      if (before != null) {
        markAll(before);
      }
      transaction = new Transaction();
    }

    @Override
    public Future<RecordMetadata> send(ProducerRecord<String, byte[]> message) {
      return send(message, null);
    }

    @Override
    public Future<RecordMetadata> send(
        ProducerRecord<String, byte[]> message, @Nullable Callback callback) {
      if (fenced) {
        return CompletableFuture.failedFuture(new ProducerFencedException("fenced"));
      }
      if (id == null) {
        boolean unanswered = loses();
        if (!unanswered || random.nextBoolean()) {
          append(message, null);
        }
        if (callback != null) {
          callback.onCompletion(null, unanswered ? new TimeoutException("nobody answers") : null);
        }
      } else {
        append(message, Objects.requireNonNull(transaction));
      }
      return new CompletableFuture<>();
    }

    @Override
    public void sendOffsetsToTransaction(
        Map<TopicPartition, OffsetAndMetadata> offsets, ConsumerGroupMetadata metadata) {
      Thread.yield();
      check();
      Group group = group(metadata.groupId());
      if (group.generation != metadata.generationId() || !group.has(metadata.memberId())) {
        throw new CommitFailedException("the group has another generation");
      }
      Transaction open = Objects.requireNonNull(transaction);
      offsets.forEach((partition, offset) -> {
        open.offsets
            .computeIfAbsent(group.name, _ -> new HashMap<>())
            .put(partition, offset.offset());
        group.pending.add(open);
      });
      open.unmarked.add(new TopicPartition(OFFSETS, 0));
    }

    @Override
    public void commitTransaction() {
      Thread.yield();
      check();
      boolean unanswered = loses();
      if (!unanswered || random.nextBoolean()) {
        Transaction open = Objects.requireNonNull(transaction);
        transaction = null;
        before = open;
        end(open, true);
      }
      if (unanswered) {
        throw new TimeoutException("nobody answers");
      }
      Thread.yield();
    }

    @Override
    public void abortTransaction() {
      Thread.yield();
      check();
      Transaction open = Objects.requireNonNull(transaction);
      transaction = null;
      end(open, false);
      markAll(open);
    }

    @Override
    public void close(Duration timeout) {}

    @Override
    public void close() {}
  }

  // Readers and groups

  /** Who shares a topic. */
  private final class Group {
    private final String name;
    private final Map<TopicPartition, Long> committed = new HashMap<>();
    private final Set<Transaction> pending = new LinkedHashSet<>();
    private final List<Reader> members = new ArrayList<>();
    private final Map<TopicPartition, Reader> owners = new HashMap<>();
    private Map<TopicPartition, Reader> wanted = Map.of();
    private int generation;

    Group(String name) {
      this.name = name;
    }

    boolean has(String member) {
      return members.stream().anyMatch(one -> one.member.equals(member));
    }

    boolean isStable(TopicPartition partition) {
      pending.removeIf(one -> one.unmarked.isEmpty());
      return pending.stream()
          .noneMatch(one ->
              one.unmarked.contains(new TopicPartition(OFFSETS, 0))
                  && one.offsets.getOrDefault(name, Map.of()).containsKey(partition));
    }

    void share(String topic) {
      generation++;
      wanted = new HashMap<>();
      if (!members.isEmpty()) {
        var order = new ArrayList<>(members);
        Collections.shuffle(order, random);
        for (int partition = 0; partition < count; partition++) {
          wanted.put(new TopicPartition(topic, partition), order.get(partition % order.size()));
        }
      }
      wake();
    }

    void remove(Reader member) {
      if (members.remove(member)) {
        owners.values().removeIf(owner -> owner == member);
        share(Objects.requireNonNull(member.topic));
      }
    }
  }

  /** Shares partitions anew, as when a member comes or goes. */
  void rebalance() {
    groups.values().stream()
        .filter(group -> !group.members.isEmpty())
        .forEach(group -> group.share(Objects.requireNonNull(group.members.getFirst().topic)));
  }

  /** Sends members away that say nothing; they find out when they next ask. */
  void expel(Predicate<SimThreads.SimProcess> silent) {
    groups
        .values()
        .forEach(group ->
            List.copyOf(group.members).stream()
                .filter(member -> silent.test(member.of))
                .forEach(group::remove));
  }

  /** A consumer. */
  private final class Reader extends MockConsumer<String, byte[]> {
    private final SimThreads.SimProcess of;
    private final @Nullable Group group;
    private final String member = "member-" + members++;
    private final Map<TopicPartition, Long> positions = new TreeMap<>(SimBrokers::compare);
    private final Set<TopicPartition> assigned = new HashSet<>();
    private @Nullable String topic;
    private @Nullable ConsumerRebalanceListener listener;
    private int generation;
    private boolean woken;

    Reader(SimThreads.SimProcess of, @Nullable Group group) {
      super("earliest");
      this.of = of;
      this.group = group;
    }

    @Override
    public void assign(Collection<TopicPartition> partitions) {
      assigned.addAll(partitions);
    }

    @Override
    public Set<TopicPartition> assignment() {
      return Set.copyOf(assigned);
    }

    @Override
    public void seekToBeginning(Collection<TopicPartition> partitions) {
      partitions.forEach(one -> positions.put(one, log(one).start));
    }

    @Override
    public Map<TopicPartition, Long> endOffsets(Collection<TopicPartition> partitions) {
      Thread.yield();
      if (loses()) {
        throw new TimeoutException("nobody answers");
      }
      var ends = new HashMap<TopicPartition, Long>();
      partitions.forEach(one -> ends.put(one, log(one).stable()));
      return ends;
    }

    @Override
    public Map<TopicPartition, Long> endOffsets(
        Collection<TopicPartition> partitions, Duration timeout) {
      return endOffsets(partitions);
    }

    @Override
    public long position(TopicPartition partition) {
      Long known = positions.get(partition);
      if (known == null && group != null) {
        await(() -> group.isStable(partition));
        known = group.committed.get(partition);
      }
      long found = Math.max(known == null ? 0 : known, log(partition).start);
      positions.put(partition, found);
      return found;
    }

    @Override
    public OptionalLong currentLag(TopicPartition partition) {
      Long position = positions.get(partition);
      return position == null
          ? OptionalLong.empty()
          : OptionalLong.of(log(partition).stable() - position);
    }

    @Override
    public void subscribe(Collection<String> topics, ConsumerRebalanceListener heard) {
      topic = topics.iterator().next();
      listener = heard;
    }

    @Override
    @SuppressWarnings("removal") // there is no other way to make one
    public ConsumerGroupMetadata groupMetadata() {
      return new ConsumerGroupMetadata(
          Objects.requireNonNull(group).name, generation, member, Optional.empty());
    }

    @Override
    public void wakeup() {
      woken = true;
      wake();
    }

    @Override
    public ConsumerRecords<String, byte[]> poll(Duration timeout) {
      Thread.yield();
      long since = ticks;
      while (true) {
        if (woken) {
          woken = false;
          throw new WakeupException();
        }
        if (group != null && takePart(group)) {
          return ConsumerRecords.empty();
        }
        Map<TopicPartition, Long> before = Map.copyOf(positions);
        ConsumerRecords<String, byte[]> found = fetch();
        if (!found.isEmpty() || ticks > since || !before.equals(positions)) {
          return found;
        }
        await(() -> woken || ticks > since || hasNews());
      }
    }

    private boolean hasNews() {
      return (group != null && (!group.members.contains(this) || generation != group.generation))
          || assigned.stream().anyMatch(one -> positions.getOrDefault(one, 0L) < log(one).stable());
    }

    /** Learns what the group has come to; whether that is something. */
    private boolean takePart(Group group) {
      ConsumerRebalanceListener heard = Objects.requireNonNull(listener);
      if (!group.members.contains(this)) {
        if (!assigned.isEmpty()) {
          Set<TopicPartition> all = Set.copyOf(assigned);
          assigned.clear();
          positions.clear();
          heard.onPartitionsLost(all);
        }
        group.members.add(this);
        group.share(Objects.requireNonNull(topic));
      }
      if (generation == group.generation) {
        return false;
      }
      generation = group.generation;
      List<TopicPartition> gone =
          assigned.stream()
              .filter(one -> group.wanted.get(one) != this)
              .sorted(SimBrokers::compare)
              .toList();
      if (!gone.isEmpty()) {
        heard.onPartitionsRevoked(gone);
        gone.forEach(one -> {
          assigned.remove(one);
          positions.remove(one);
          group.owners.remove(one, this);
        });
        group.generation++;
        wake();
        return true;
      }
      List<TopicPartition> come =
          group.wanted.keySet().stream()
              .filter(one -> group.wanted.get(one) == this && !group.owners.containsKey(one))
              .sorted(SimBrokers::compare)
              .toList();
      come.forEach(one -> group.owners.put(one, this));
      assigned.addAll(come);
      heard.onPartitionsAssigned(come);
      return true;
    }

    private ConsumerRecords<String, byte[]> fetch() {
      var order = new ArrayList<>(assigned);
      order.sort(SimBrokers::compare);
      Collections.shuffle(order, random);
      var found = new LinkedHashMap<TopicPartition, List<ConsumerRecord<String, byte[]>>>();
      int most = 1 + random.nextInt(MOST_POLLED);
      for (TopicPartition partition : order) {
        long position = position(partition);
        DecisionReader log = log(partition);
        long stable = log.stable();
        long next = stable;
        for (Message message : log.messages) {
          if (message.offset() < position || message.offset() >= stable || !isVisible(message)) {
            continue;
          }
          if (most-- == 0) {
            next = message.offset();
            most = 0;
            break;
          }
          found.computeIfAbsent(partition, _ -> new ArrayList<>()).add(record(partition, message));
        }
        positions.put(partition, next);
        if (most <= 0) {
          break;
        }
      }
      return new ConsumerRecords<>(found, Map.of());
    }

    private static ConsumerRecord<String, byte[]> record(TopicPartition at, Message message) {
      return new ConsumerRecord<>(
          at.topic(),
          at.partition(),
          message.offset(),
          0,
          TimestampType.CREATE_TIME,
          0,
          0,
          message.key(),
          message.value(),
          message.headers(),
          Optional.empty());
    }

    @Override
    public void commitAsync(
        Map<TopicPartition, OffsetAndMetadata> offsets, OffsetCommitCallback callback) {
      Group mine = Objects.requireNonNull(group);
      if (mine.generation != generation || !mine.members.contains(this) || loses()) {
        callback.onComplete(offsets, new CommitFailedException("not now"));
        return;
      }
      offsets.forEach((partition, offset) -> mine.committed.put(partition, offset.offset()));
      callback.onComplete(offsets, null);
    }

    @Override
    public void close() {
      if (group != null) {
        if (!assigned.isEmpty() && listener != null && group.members.contains(this)) {
          Set<TopicPartition> all = Set.copyOf(assigned);
          listener.onPartitionsRevoked(all);
        }
        group.remove(this);
      }
    }

    @Override
    public void close(CloseOptions options) {
      close();
    }

    @Override
    public void close(Duration timeout) {
      close();
    }
  }

  /** What a process uses of them. */
  Clients of(SimThreads.SimProcess one) {
    return new Clients() {
      @Override
      public Producer<String, byte[]> producer(String transactionalId, int timeout) {
        return new Writer(one, transactionalId);
      }

      @Override
      public Producer<String, byte[]> producer() {
        return new Writer(one, null);
      }

      @Override
      public Consumer<String, byte[]> reader() {
        return new Reader(one, null);
      }

      @Override
      public Consumer<String, byte[]> member(String group) {
        return new Reader(one, group(group));
      }

      @Override
      public boolean hasMembers(String group) {
        return !group(group).members.isEmpty();
      }

      @Override
      public void deleteBefore(Map<TopicPartition, Long> offsets) {
        offsets.forEach((partition, offset) -> {
          DecisionReader log = log(partition);
          log.start = Math.max(log.start, offset);
          log.messages.removeIf(message -> message.offset() < offset);
        });
      }

      @Override
      public Watch watch(BooleanSupplier isLost) {
        return new Watch() {
          @Override
          public Map<String, Missing> missing() {
            return Map.of();
          }

          @Override
          public void close() {}
        };
      }

      @Override
      public void close() {}
    };
  }
}
