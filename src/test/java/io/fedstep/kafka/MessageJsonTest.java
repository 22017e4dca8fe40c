package io.fedstep.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fedstep.codec.Json;
import io.fedstep.coordinator.Expected;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.round.UpdateMetadata;
import io.fedstep.round.VectorSummary;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.node.ObjectNode;

/** Messages, as they are written and read. */
class MessageJsonTest {
  private static ObjectNode copy(ObjectNode message) {
    ObjectNode read = MessageJson.read(MessageJson.write(message));
    return read.without(List.of("format"));
  }

  @Test
  void aMessage_beginsWithItsFormat() {
    ObjectNode message = Json.object().put("kind", "close").put("n", 1L << 60);
    assertThat(new String(MessageJson.write(message), UTF_8)).startsWith("{\"format\":1,\"kind\":");
    assertThat(copy(message)).isEqualTo(message);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"{\"format\": 2, \"kind\": \"close\"}", "{\"format\": 2}", "{\"format\": \"2\"}"})
  void aForeignFormat_isRefusedByName(String message) {
    assertThatThrownBy(() -> MessageJson.read(message.getBytes(UTF_8)))
        .isInstanceOf(ClusterException.class)
        .hasMessage("a message says format 2; this fedstep reads format 1");
  }

  @Test
  void noFormat_isRefused() {
    assertThatThrownBy(() -> MessageJson.read("{\"kind\": \"close\"}".getBytes(UTF_8)))
        .isInstanceOf(ClusterException.class)
        .hasMessage("a message says format 0; this fedstep reads format 1");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "close", "{\"format\": 1", "[1]", "1", "null"})
  void noDocument_isRefused(String message) {
    assertThatThrownBy(() -> MessageJson.read(message.getBytes(UTF_8)))
        .isInstanceOf(RuntimeException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "0a1b2c3d-0", "0a1b2c3d-0w"})
  void anUpdate_comesBack(String base) {
    var header =
        UpdateMetadata.of(
            0.1, Map.of("loss", Double.MIN_VALUE, "accuracy", 1.0), base.isEmpty() ? null : base);
    var content = new VectorSummary("crc32c:00000000", 1.0 / 3);
    ObjectNode read = copy(MessageJson.update(header, content));
    assertThat(MessageJson.header(read)).isEqualTo(header);
    assertThat(MessageJson.content(read)).isEqualTo(content);
  }

  @Test
  void aRefusalWithMembers_comesBack() {
    Refusal refusal =
        Refusal.of(Problem.ROUND_CLOSED, "Round 3 is over; \u201ctrain\u201d for round 4.")
            .with("current_round", 4L)
            .with("far", Long.MAX_VALUE)
            .retryAfter(5)
            .with("norm", 0.1)
            .with("whole", 2.0)
            .with("known", true)
            .with("base", "0a1b2c3d-4")
            .with("differs", List.of("dtype", "round.timeout"));
    Refusal read = MessageJson.refusal(copy(MessageJson.refusal(refusal)));
    assertThat(read.problem()).isEqualTo(refusal.problem());
    assertThat(read.detail()).isEqualTo(refusal.detail());
    assertThat(read.retryAfter()).isEqualTo(5);
    assertThat(read.members().keySet())
        .containsExactly("current_round", "far", "norm", "whole", "known", "base", "differs");
    assertThat(read.members())
        .containsEntry("current_round", 4L)
        .containsEntry("far", Long.MAX_VALUE)
        .containsEntry("norm", 0.1)
        .containsEntry("whole", 2.0)
        .containsEntry("known", true)
        .containsEntry("base", "0a1b2c3d-4")
        .containsEntry("differs", List.of("dtype", "round.timeout"));
  }

  @ParameterizedTest
  @EnumSource(Problem.class)
  void everyProblem_comesBack(Problem problem) {
    Refusal refusal = Refusal.of(problem, "A sentence.");
    for (Refusal one : List.of(refusal, refusal.conflicts())) {
      assertThat(MessageJson.refusal(copy(MessageJson.refusal(one)))).isEqualTo(one);
    }
  }

  @Test
  void aNumber_mayBeMissing() {
    assertThat(MessageJson.number(Json.object().put("newest", 7), "newest")).isEqualTo(7);
    assertThat(MessageJson.number(Json.object(), "newest")).isNull();
    assertThat(MessageJson.number(Json.object().putNull("newest"), "newest")).isNull();
  }

  @Test
  void expectedVersion_comesBack() {
    for (Expected expected :
        List.of(Expected.ANY, new Expected(7L, null), new Expected(null, "3f9c2a71-7"))) {
      assertThat(MessageJson.expected(copy(MessageJson.expected(expected)))).isEqualTo(expected);
    }
    assertThat(MessageJson.expected(Json.object().put("newest", 7)))
        .isEqualTo(new Expected(7L, null));
  }
}
