package io.fedstep.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.process.BesideOthers;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Messages as earlier fedsteps wrote them, a line for each: topic, key, content. They mean the same
 * to this one, and what it writes of them those can read.
 */
@BesideOthers
class MessagesTest {
  static Stream<String> lines() throws IOException {
    try (InputStream file = MessagesTest.class.getResourceAsStream("/kafka/messages.txt")) {
      return new String(Objects.requireNonNull(file).readAllBytes(), UTF_8).lines();
    }
  }

  @ParameterizedTest
  @MethodSource("lines")
  void earlierMessage_comesBackAsItWas(String line) {
    String[] parts = line.split(" ", 3);
    ObjectNode json = parts[2].equals("null") ? null : MessageJson.read(parts[2].getBytes(UTF_8));
    ObjectNode again = written(parts[0], parts[1], json);
    if (json == null || again == null) {
      assertThat(again).isEqualTo(json);
    } else {
      assertHas(MessageJson.read(MessageJson.write(again)), json);
    }
  }

  /** All that the earlier message says; members may have joined since. */
  private static void assertHas(ObjectNode found, ObjectNode earlier) {
    for (var member : earlier.properties()) {
      JsonNode there = found.get(member.getKey());
      if (member.getValue() instanceof ObjectNode inner && there instanceof ObjectNode outer) {
        assertHas(outer, inner);
      } else {
        assertThat(there).as(member.getKey()).isEqualTo(member.getValue());
      }
    }
  }

  private static @Nullable ObjectNode written(
      String topic, String key, @Nullable ObjectNode content) {
    if (topic.equals("decisions")) {
      LogEntry entry = LogEntryCodec.read(key, content);
      assertThat(entry.key()).isEqualTo(key);
      return LogEntryCodec.write(entry);
    }
    ObjectNode json = Objects.requireNonNull(content);
    return topic.equals("requests")
        ? RequestCodec.write(RequestCodec.read(json))
        : RangeMessageCodec.write(RangeMessageCodec.read(json));
  }

  @Test
  void everyKindOfMessage_isAmongThem() throws IOException {
    List<String> lines = lines().toList();
    Stream.of(
            LogEntry.class.getPermittedSubclasses(),
            LogEntry.Detail.class.getPermittedSubclasses(),
            LogEntry.Reply.class.getPermittedSubclasses(),
            Request.Content.class.getPermittedSubclasses(),
            RangeMessage.class.getPermittedSubclasses())
        .flatMap(Stream::of)
        .filter(Class::isRecord)
        .forEach(kind -> assertThat(lines).anyMatch(line -> hasKind(line, kind)));
  }

  @Test
  void keyOfNoise_isInTheEntry_andInNoText() throws IOException {
    String key = "0123456789abcdef".repeat(4);
    List<String> keyed = lines().filter(line -> line.contains(key)).toList();
    assertThat(keyed).isNotEmpty();
    for (String line : keyed) {
      String[] parts = line.split(" ", 3);
      LogEntry entry = LogEntryCodec.read(parts[1], MessageJson.read(parts[2].getBytes(UTF_8)));
      assertThat(String.valueOf(LogEntryCodec.write(entry))).contains(key);
      assertThat(entry.toString()).doesNotContain(key);
    }
  }

  private static boolean hasKind(String line, Class<?> kind) {
    String[] parts = line.split(" ", 3);
    ObjectNode json = parts[2].equals("null") ? null : MessageJson.read(parts[2].getBytes(UTF_8));
    if (parts[0].equals("decisions")) {
      LogEntry entry = LogEntryCodec.read(parts[1], json);
      return kind.isInstance(entry)
          || (entry instanceof LogEntry.Answer answer && kind.isInstance(answer.reply()));
    }
    ObjectNode content = Objects.requireNonNull(json);
    return parts[0].equals("requests")
        ? kind.isInstance(RequestCodec.content(content))
        : kind.isInstance(RangeMessageCodec.read(content));
  }
}
