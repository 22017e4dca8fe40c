package io.fedstep.local;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.codec.Crc32c;
import io.fedstep.coordinator.Coordinator;
import io.fedstep.coordinator.Limits;
import io.fedstep.coordinator.ModelStatus;
import io.fedstep.coordinator.Phase;
import io.fedstep.model.RoundPolicy;
import io.fedstep.round.Decision;
import io.fedstep.round.LocalRun;
import io.fedstep.round.RoundRecord;
import io.fedstep.store.Version;
import io.fedstep.store.VersionInfo;
import io.fedstep.vector.Dtype;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/** What is known of a simulated model from outside, and what therefore has to be true of it. */
public final class SimModel {
  /** An update's place: one of a client from a version. */
  public record Key(String client, long from) implements Comparable<Key> {
    @Override
    public int compareTo(Key other) {
      int clients = client.compareTo(other.client);
      return clients != 0 ? clients : Long.compare(from, other.from);
    }
  }

  public final String name;
  final String incarnation;
  public final boolean buffered;

  /** The policies that it may have: several after a change whose answer did not come. */
  public final Set<RoundPolicy> policies = new HashSet<>();

  public final Set<Boolean> stopped = new HashSet<>();
  public final Map<Key, Decision.Accepted> receipts = new HashMap<>();

  /** The last update that was sent for a key and taken, or may have been. */
  public final Map<Key, List<SimNumbers.Update>> sent = new HashMap<>();

  /** What restores and states that were asked for may have made of a version. */
  private final Map<Long, List<SimNumbers>> asked = new HashMap<>();

  final TreeMap<Long, SimNumbers> versions = new TreeMap<>();

  /** Receipts in place of which there are others, because their rounds were discarded. */
  private final Map<Key, List<Decision.Accepted>> replaced = new HashMap<>();

  /** A version that somebody was told of. */
  long promised;

  private final int size;

  /** Whether requests whose answer did not come may still be obeyed at any time. */
  private final boolean uncertain;

  private final Set<Key> counted = new HashSet<>();

  SimModel(
      String name, String incarnation, boolean buffered, boolean controlled, RoundPolicy policy) {
    this(name, incarnation, buffered, policy, SimNumbers.SIZE, false);
    versions.put(0L, SimNumbers.zeros(controlled));
  }

  /** What is known of a new model with so many parameters. */
  public SimModel(
      String name,
      String incarnation,
      boolean buffered,
      RoundPolicy policy,
      int size,
      boolean uncertain) {
    this.size = size;
    this.uncertain = uncertain;
    this.name = name;
    this.incarnation = incarnation;
    this.buffered = buffered;
    policies.add(policy);
    stopped.add(false);
    versions.put(0L, SimNumbers.zeros(false));
  }

  /** The newest version that is known. */
  public long newest() {
    return versions.lastKey();
  }

  /** A restore of a version was asked for, or of its state alone. */
  public void asked(long version, long weights, long state) {
    asked.computeIfAbsent(version, _ -> new ArrayList<>()).add(at(weights).withState(at(state)));
  }

  /** A version's state was asked for in a new version with the newest weights. */
  void askedState(long version, long state) {
    asked
        .computeIfAbsent(version, _ -> new ArrayList<>())
        .add(at(newest()).withState(at(state)).set(version - 1));
  }

  /** Somebody was told that an update is in. */
  public void received(Key key, Decision.Accepted receipt) {
    Decision.Accepted before = receipts.put(key, receipt);
    if (before != null && !before.equals(receipt)) {
      assertThat(round(key, before)).isLessThan(round(key, receipt));
      replaced.computeIfAbsent(key, _ -> new ArrayList<>()).add(before);
    }
  }

  private void checkReplaced(RoundRecord record) {
    replaced.forEach((key, receipts) ->
        receipts.stream()
            .filter(receipt -> round(key, receipt) == record.round())
            .forEach(receipt -> {
              assertThat(record.outcome()).isEqualTo(RoundRecord.Outcome.DISCARDED);
              assertThat(record.clients()).contains(receipt);
            }));
  }

  SimNumbers at(long version) {
    return Objects.requireNonNull(versions.get(version));
  }

  /** An update may be taken from now on. */
  public void sent(Key key, SimNumbers.Update update) {
    sent.computeIfAbsent(key, _ -> new ArrayList<>()).add(update);
  }

  private static long round(Key key, Decision.Accepted receipt) {
    return key.from() + receipt.staleness();
  }

  /** Checks what has changed, or all that is kept. */
  public void check(Coordinator coordinator, Limits limits, boolean all) {
    ModelStatus status = coordinator.status(name);
    assertThat(status.phase()).as("%s", coordinator.brokenBy(name)).isNotEqualTo(Phase.FAILED);
    assertThat(status.head().incarnation()).isEqualTo(incarnation);
    assertThat(policies).contains(status.head().spec().round());
    if (!uncertain) {
      policies.retainAll(Set.of(status.head().spec().round()));
    }
    assertThat(stopped).contains(status.head().stopped());
    if (!uncertain) {
      stopped.retainAll(Set.of(status.head().stopped()));
    }
    long now = status.newest().version();
    assertThat(now).as("newest version").isGreaterThanOrEqualTo(newest());
    long known = newest();
    for (long version = known + 1; version <= now; version++) {
      learn(coordinator, version);
    }
    long kept = now - limits.keepVersions() - limits.keepRounds();
    for (var receipt : receipts.entrySet()) {
      long round = round(receipt.getKey(), receipt.getValue());
      if (round == now || (all && round >= kept) || round >= known) {
        checkReceipt(coordinator, receipt.getKey(), receipt.getValue(), round == now);
      }
    }
    receipts.entrySet().removeIf(one -> round(one.getKey(), one.getValue()) < kept);
    if (all) {
      assertThat(now).isGreaterThanOrEqualTo(promised);
      for (VersionInfo info : coordinator.versions(name)) {
        assertThat(numbersOf(coordinator, info.version(), List.of(at(info.version()))))
            .as("version %s", info.version())
            .isNotNull();
      }
      for (long round = Math.max(0, kept); round < now; round++) {
        assertThat(coordinator.rounds().record(name, round)).as("record %s", round).isNotNull();
      }
    }
  }

  private void checkReceipt(
      Coordinator coordinator, Key key, Decision.Accepted receipt, boolean open) {
    if (!open) {
      assertThat(coordinator.rounds().record(name, round(key, receipt)))
          .as("%s, whose receipt is %s", key, receipt)
          .isNotNull();
    }
    assertThat(coordinator.rounds().update(name, key.from(), key.client())).isEqualTo(receipt);
  }

  /** A version that was not there before: what its record names has to give its numbers. */
  private void learn(Coordinator coordinator, long version) {
    RoundRecord record = Objects.requireNonNull(coordinator.rounds().record(name, version - 1));
    assertThat(record.round()).isEqualTo(version - 1);
    checkReplaced(record);
    VersionInfo info = coordinator.version(name, version).info();
    List<SimNumbers> possible;
    if (info.madeBy() == VersionInfo.MadeBy.ROUND) {
      assertThat(record.outcome()).isEqualTo(RoundRecord.Outcome.COMPLETED);
      possible =
          List.of(
              at(version - 1)
                  .step(
                      version - 1,
                      record.clients().stream().map(one -> count(record, one)).toList()));
    } else {
      assertThat(record.outcome()).isEqualTo(RoundRecord.Outcome.DISCARDED);
      possible = asked.getOrDefault(version, List.of());
      receipts
          .entrySet()
          .removeIf(one -> {
            boolean discarded = round(one.getKey(), one.getValue()) == version - 1;
            assertThat(!discarded || record.clients().contains(one.getValue())).isTrue();
            return discarded;
          });
    }
    SimNumbers found = numbersOf(coordinator, version, possible);
    assertThat(found).as("version %s by %s, not %s", version, info.madeBy(), possible).isNotNull();
    versions.put(version, found);
  }

  private SimControls.Run count(RoundRecord record, Decision.Accepted update) {
    LocalRun local = update.local();
    return new SimControls.Run(
        update.client(), counted(record, update), local != null && local.lostControl());
  }

  private SimNumbers.Update counted(RoundRecord record, Decision.Accepted update) {
    var key = new Key(update.client(), record.round() - update.staleness());
    assertThat(counted.add(key)).as("%s counted once", key).isTrue();
    Decision.Accepted receipt = receipts.get(key);
    if (receipt != null) {
      assertThat(update).isEqualTo(receipt);
    }
    return sent.getOrDefault(key, List.of()).stream()
        .filter(
            one -> one.weight() == update.weight() && digest(one).equals(update.summary().digest()))
        .findFirst()
        .orElseThrow(() -> new AssertionError("nobody sent " + update));
  }

  /** The digest of an update's numbers. */
  public String digest(SimNumbers.Update update) {
    var crc = new CRC32C();
    crc.update(Rig.bytes(Dtype.FLOAT64, update.array(size)));
    return Crc32c.digest((int) crc.getValue());
  }

  private @Nullable SimNumbers numbersOf(
      Coordinator coordinator, long number, List<SimNumbers> possible) {
    Version version = coordinator.version(name, number);
    byte[] weights = Rig.bytes(version.weightBytes());
    String state = new String(Rig.bytes(version.stateBytes()), UTF_8);
    return possible.stream()
        .filter(one -> one.equal(weights, state, version.controls(), size))
        .findFirst()
        .orElse(null);
  }
}
