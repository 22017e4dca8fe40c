package io.fedstep.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.codec.Crc32c;
import io.fedstep.codec.Json;
import io.fedstep.codec.SpecCodec;
import io.fedstep.coordinator.Upload;
import io.fedstep.local.Rig;
import io.fedstep.model.DifferentialPrivacy;
import io.fedstep.model.ModelSpec;
import io.fedstep.model.NoisyMean;
import io.fedstep.privacy.Ledger;
import io.fedstep.privacy.Standing;
import io.fedstep.round.Decision;
import io.fedstep.round.NoiseKey;
import io.fedstep.round.RoundRecord;
import io.fedstep.store.Version;
import io.fedstep.vector.Dtype;
import java.io.ByteArrayInputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.zip.CRC32C;

/**
 * What is known of a simulated private model from outside, and what therefore has to be true of it:
 * who has paid, by which key the noise of each version came to be, and that no key had two sets of
 * updates.
 */
final class SimSecret {
  final String name;
  final ModelSpec spec;
  private final DifferentialPrivacy privacy;
  private final int size;
  private final Map<String, double[]> sent = new HashMap<>();
  private final Map<Long, Set<String>> acknowledged = new HashMap<>();

  /** Of each version that is known. */
  private final List<Standing> standings = new ArrayList<>();

  private SimSecret(String name, int size, String json) {
    this.name = name;
    this.size = size;
    spec = SpecCodec.read(Json.readObject(new ByteArrayInputStream(json.getBytes(UTF_8))));
    privacy = (DifferentialPrivacy) Objects.requireNonNull(spec.protection());
    standings.add(new Standing(Ledger.begin(spec.isSampled()), null));
  }

  /** One whose clip norm moves, and in whose rounds three take part. */
  static SimSecret adaptive(String name, int size) {
    return new SimSecret(
        name,
        size,
        """
        {"tensors": {"w": [%s]}, "dtype": "float64", "optimizer": {"lrate": 1.0, "modules": []},
         "aggregator": ["averaging", {"steps_weighted": false}],
         "round": {"min_updates": 2, "max_updates": 3},
         "privacy": {"clip_norm": 9, "noise_multiplier": 0.1, "delta": 1e-5,
                     "adaptive_clip": {"quantile": 0.5, "rate": 0.2}}}\
        """
            .formatted(size));
  }

  /** One that draws all clients but one in a million, with places for two until a deadline. */
  static SimSecret drawn(String name, int size, String timeout) {
    return new SimSecret(
        name,
        size,
        """
        {"tensors": {"w": [%s]}, "dtype": "float64", "optimizer": {"lrate": 1.0, "modules": []},
         "aggregator": ["averaging", {"steps_weighted": false}],
         "round": {"participation": 0.999999, "timeout": "%s", "max_updates": 2},
         "privacy": {"clip_norm": 9, "noise_multiplier": 1, "delta": 1e-5, "expected_updates": 1}}\
        """
            .formatted(size, timeout));
  }

  long newest() {
    return standings.size() - 1L;
  }

  /** What was paid for up to the newest version that is known. */
  Ledger ledger() {
    return standings.getLast().ledger();
  }

  /** A client's update from a version, always the same, is sent. */
  void send(KafkaCoordinator coordinator, long from, String client) {
    double[] numbers = new double[size];
    for (int i = 0; i < size; i++) {
      numbers[i] = (client.hashCode() + from + 1) % 7 * (i % 5 - 1.5) / Math.sqrt(size);
    }
    var crc = new CRC32C();
    crc.update(Rig.bytes(Dtype.FLOAT64, numbers));
    sent.put(Crc32c.digest((int) crc.getValue()), numbers);
    try (Upload upload = coordinator.begin(name, from, client, null)) {
      var _ = Rig.submit(upload, 1, numbers);
      acknowledged.computeIfAbsent(from, _ -> new TreeSet<>()).add(client);
    }
  }

  /** Checks what a process says. */
  void check(KafkaCoordinator coordinator, Supplier<Map<String, Set<NoiseKey>>> keys) {
    long now = coordinator.status(name).newest().version();
    assertThat(now).isGreaterThanOrEqualTo(newest());
    while (newest() < now) {
      learn(coordinator, newest() + 1, keys.get());
    }
    assertThat(coordinator.version(name, now).standing()).isEqualTo(standings.getLast());
    for (String client : List.of("client-0", "client-1", "b", "nobody")) {
      assertThat(Objects.requireNonNull(coordinator.account(name, client)).rounds())
          .as("paid by %s", client)
          .isEqualTo(ledger().paidBy(client));
    }
    acknowledged
        .getOrDefault(now, Set.of())
        .forEach(client -> assertThat(coordinator.rounds().update(name, now, client)).isNotNull());
  }

  private void learn(KafkaCoordinator coordinator, long number, Map<String, Set<NoiseKey>> keys) {
    RoundRecord record = Objects.requireNonNull(coordinator.rounds().record(name, number - 1));
    List<String> clients = record.clients().stream().map(Decision.Accepted::client).toList();
    assertThat(clients)
        .as("round %s, %s", record.round(), record.outcome())
        .doesNotHaveDuplicates()
        .containsAll(acknowledged.getOrDefault(record.round(), Set.of()));
    Standing before = standings.getLast();
    Version version = coordinator.version(name, number);
    Set<NoiseKey> drawn = keys.getOrDefault(record.base(), Set.of());
    Standing after =
        switch (record.outcome()) {
          case COMPLETED -> {
            assertThat(drawn).as("keys of round %s", record.round()).hasSize(1);
            yield checked(record, before, version, drawn.iterator().next()).after(clients);
          }
          case ABANDONED -> {
            assertThat(clients).hasSize(2);
            yield before.after(clients);
          }
          case DISCARDED -> before.cutting(version.standing().clip());
          case NOT_FINITE -> throw new AssertionError("no number is so large");
        };
    if (record.outcome() != RoundRecord.Outcome.COMPLETED) {
      assertThat(drawn).as("keys of round %s", record.round()).isEmpty();
      assertThat(standings).extracting(Standing::clip).contains(after.clip());
    }
    assertThat(version.standing()).isEqualTo(after);
    assertThat(record.epsilon())
        .isEqualTo(privacy.accountant(spec.round()).cost(after.ledger().most()).epsilon());
    standings.add(after);
  }

  /** Checks a version's gradient, to the bit; what is carried along but for what was paid. */
  private Standing checked(RoundRecord record, Standing before, Version version, NoiseKey key) {
    DifferentialPrivacy now = before.clip() == null ? privacy : privacy.cutting(before.clip());
    double[] norms =
        record.clients().stream().mapToDouble(update -> update.summary().norm()).toArray();
    List<double[]> updates =
        record.clients().stream()
            .map(update -> Objects.requireNonNull(sent.get(update.summary().digest())))
            .toList();
    assertThat(Rig.bytes(version.gradientBytes()))
        .as("gradient of version %s", version.info().version())
        .isEqualTo(NoisyMean.of(now, size, updates, norms, key.bytes()));
    return privacy.adaptiveClip() == null
        ? before
        : before.cutting(now.nextClip(size, norms, key.bytes()));
  }
}
