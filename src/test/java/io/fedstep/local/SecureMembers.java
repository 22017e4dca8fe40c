package io.fedstep.local;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.fedstep.codec.Crc32c;
import io.fedstep.codec.Json;
import io.fedstep.codec.SpecCodec;
import io.fedstep.coordinator.Coordinator;
import io.fedstep.coordinator.SecureRound;
import io.fedstep.coordinator.Upload;
import io.fedstep.model.ModelSpec;
import io.fedstep.round.SecureRounds;
import io.fedstep.round.UpdateMetadata;
import io.fedstep.round.VectorSummary;
import io.fedstep.secure.Base64Url;
import io.fedstep.secure.Revealed;
import io.fedstep.secure.Roster;
import io.fedstep.secure.TestMember;
import java.io.ByteArrayInputStream;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/** Clients of a secure model, who keep what they have sent and send it again. */
final class SecureMembers {
  private final Supplier<Coordinator> coordinator;
  private final String model;
  private final Map<String, TestMember> members = new HashMap<>();
  private final Map<String, byte[]> updates = new HashMap<>();

  SecureMembers(Supplier<Coordinator> coordinator, String model) {
    this.coordinator = coordinator;
    this.model = model;
  }

  static ModelSpec spec(String json) {
    return SpecCodec.read(Json.readObject(new ByteArrayInputStream(json.getBytes(UTF_8))));
  }

  private Coordinator coordinator() {
    return coordinator.get();
  }

  private TestMember member(long round, String client) {
    return members.computeIfAbsent(
        round + " " + client,
        _ -> new TestMember(client, coordinator().durableStatus(model).newest().base(), round));
  }

  private SecureRound open(long round) {
    return coordinator().rounds().secureRound(model, round);
  }

  private Roster roster(long round) {
    return open(round).members();
  }

  Coordinator.Answer join(long round, String client) {
    return coordinator()
        .answer(model, round, SecureRounds.JOINING, client, member(round, client).join().text());
  }

  Coordinator.Answer share(long round, String client) {
    String shared = member(round, client).share(roster(round)).text();
    return coordinator().answer(model, round, SecureRounds.SHARING, client, shared);
  }

  Upload.Answer update(long round, String client, double[] values, long weight, double... metrics) {
    byte[] words =
        updates.computeIfAbsent(
            round + " " + client,
            _ ->
                member(round, client)
                    .update(roster(round), open(round).shared().keySet(), values, weight, metrics));
    return send(round, client, words);
  }

  /** Sends values with noise of the client's own. */
  Upload.Answer noisy(long round, String client, double... values) {
    return noisy(round, client, numbers(round, client, values), 0);
  }

  /** Sends numbers on the grid of values with noise. */
  Upload.Answer noisy(long round, String client, long[] numbers, long cut) {
    byte[] words =
        updates.computeIfAbsent(
            round + " " + client,
            _ ->
                member(round, client)
                    .noisy(roster(round), open(round).shared().keySet(), numbers, cut));
    return send(round, client, words);
  }

  /** What a client sends of values, before it is masked. */
  long[] numbers(long round, String client, double... values) {
    return member(round, client).numbers(roster(round), values);
  }

  /** Sends any words. */
  Upload.Answer send(long round, String client, byte[] words) {
    try (Upload upload = coordinator().begin(model, round, client, null)) {
      upload.sink().write(0, ByteBuffer.wrap(words));
      var summary = new VectorSummary(Crc32c.digest(Crc32c.of(ByteBuffer.wrap(words))), 0);
      return upload.submit(UpdateMetadata.masked(null), summary);
    }
  }

  Coordinator.Answer reveal(long round, String client) {
    return reveal(round, client, UnaryOperator.identity());
  }

  /** Answers with other shares than the right ones. */
  Coordinator.Answer reveal(long round, String client, UnaryOperator<byte[]> change) {
    SecureRound open = open(round);
    var sealed = new TreeMap<String, byte[]>();
    open.sealedFor(client)
        .forEach((from, text) -> sealed.put(from, Objects.requireNonNull(Base64Url.bytes(text))));
    Revealed right =
        member(round, client).reveal(open.members(), sealed, open.online(), open.missing());
    var self = new TreeMap<String, byte[]>();
    right.self().forEach((of, share) -> self.put(of, change.apply(share)));
    return coordinator()
        .answer(
            model, round, SecureRounds.UNMASKING, client, new Revealed(self, right.key()).text());
  }
}
