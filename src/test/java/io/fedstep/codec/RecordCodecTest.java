package io.fedstep.codec;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.model.HashedNoise;
import io.fedstep.model.ModelSpec;
import io.fedstep.process.BesideOthers;
import io.fedstep.round.Decision;
import io.fedstep.round.NoiseKey;
import io.fedstep.round.Round;
import io.fedstep.round.RoundRecord;
import io.fedstep.round.Transfer;
import io.fedstep.round.VectorSummary;
import java.time.Instant;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.ObjectNode;

/** What is shown of updates. */
@BesideOthers
class RecordCodecTest {
  @Test
  void norm_isShown_unlessAProtectionHidesIt() {
    ModelSpec plain = SpecCodec.read(Json.readObject(Specs.in("{\"tensors\": {\"w\": [3]}}")));
    var hidden =
        new ModelSpec(
            plain.layout(),
            plain.dtype(),
            plain.optimizer(),
            plain.aggregator(),
            null,
            new HashedNoise(1),
            plain.round());
    var update =
        new Decision.Accepted(
            "alice",
            0,
            1,
            new TreeMap<>(),
            new VectorSummary("crc32c:0", 2.5),
            Instant.EPOCH,
            1,
            0);
    assertThat(RecordCodec.client(plain, 0, update).get("norm").doubleValue()).isEqualTo(2.5);
    assertThat(RecordCodec.client(hidden, 0, update).get("norm").isNull()).isTrue();
  }

  @Test
  void howAnUpdateCame_isKept_andUnknownFromBefore() {
    var summary = new VectorSummary("crc32c:0", 2.5, new Transfer("eden-4", 1, 330L));
    var update =
        new Decision.Accepted("alice", 0, 1, new TreeMap<>(), summary, Instant.EPOCH, 1, 0);
    assertThat(DecisionCodec.read(DecisionCodec.write(update))).isEqualTo(update);
    ObjectNode earlier = DecisionCodec.write(update);
    ((ObjectNode) earlier.get("accepted")).remove(List.of("encoding", "left_out", "bytes"));
    var known = (Decision.Accepted) DecisionCodec.read(earlier);
    assertThat(known.summary().transfer()).isEqualTo(Transfer.UNKNOWN);
    assertThat(DecisionCodec.write(known)).isEqualTo(earlier);
  }

  @Test
  void keyOfACloseIsInTheJournal_andInNothingElse() {
    String hex = "0123456789abcdef".repeat(4);
    var close = new Decision.Closed(Decision.Cause.MANUAL, Instant.EPOCH, new NoiseKey(hex));
    assertThat(DecisionCodec.read(DecisionCodec.write(close))).isEqualTo(close);
    assertThat(close.toString()).doesNotContain("0123");
    var round = new Round(3, "0a1b2c3d-3", Instant.EPOCH);
    round.apply(close);
    ModelSpec plain = SpecCodec.read(Json.readObject(Specs.in("{\"tensors\": {\"w\": [3]}}")));
    var record =
        RoundRecord.of(round, RoundRecord.Outcome.COMPLETED, plain, 1, Instant.EPOCH, null, null);
    assertThat(record.closedBy()).isEqualTo(close.withoutKey());
    assertThat(RecordCodec.write("m", record).toString()).doesNotContain("noise_key", "0123");
  }
}
