package io.fedstep.web;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.fedstep.codec.RecordCodec;
import io.fedstep.coordinator.ClientFailure;
import io.fedstep.coordinator.ClientReport;
import io.fedstep.coordinator.Coordinator;
import io.fedstep.coordinator.ModelStatus;
import io.fedstep.coordinator.Phase;
import io.fedstep.coordinator.RefusedUpdate;
import io.fedstep.round.RoundRecord;
import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Server-sent events of one model. They are what changed between two looks at it, so that nothing
 * is kept for anybody; an event's id is the open round and how many updates it has, from which a
 * client that comes back is told the rest, also by a server that was restarted.
 */
final class EventStream {
  /** Rounds that a client that comes back is told of one by one, and updates of a round. */
  private static final long MOST_MISSED = 100;

  /** What is told at the end of each stage of a secure round but the last. */
  private static final List<String> STAGES_OVER =
      List.of("roster-fixed", "sharing-over", "collecting-over");

  private static final Pattern ID = Pattern.compile("(\\d{1,18})\\.(\\d{1,9})");
  private static final JsonMapper MAPPER = JsonMapper.shared();

  private final OutputStream out;
  private final Coordinator coordinator;
  private final String model;
  private Set<ClientFailure> failuresTold = Set.of();

  EventStream(OutputStream out, Coordinator coordinator, String model) {
    this.out = out;
    this.coordinator = coordinator;
    this.model = model;
  }

  /** Tells what was missed since an event, and of the round that is open now. */
  void begin(@Nullable String lastId, ModelStatus now) throws IOException {
    Matcher id = ID.matcher(lastId == null ? "" : lastId);
    if (id.matches() && Long.parseLong(id.group(1)) <= now.round()) {
      ended(Long.parseLong(id.group(1)), now);
    }
    opened(now);
    failed(now);
    if (now.updates() > 0) {
      send("update-accepted", now);
    }
    if (now.phase() == Phase.STOPPED) {
      send("training-stopped", now);
    }
    out.flush();
  }

  /** Tells what has changed. */
  void tell(ModelStatus before, ModelStatus now) throws IOException {
    refused(before, now);
    int seen = before.updates();
    boolean isOther = !now.newest().base().equals(before.newest().base());
    if (isOther) {
      ended(before.round(), now);
      opened(now);
      seen = 0;
    } else if (now.passed() > before.passed()) {
      send("deadline-passed", now);
    }
    failed(now);
    reported(before, now);
    for (int stage = isOther ? 0 : before.stageIndex(); stage < now.stageIndex(); stage++) {
      send(STAGES_OVER.get(stage), now);
    }
    for (int updates = (int) Math.max(seen, now.updates() - MOST_MISSED) + 1;
        updates <= now.updates();
        updates++) {
      write(
          "update-accepted",
          now.round(),
          updates,
          Answers.currentRound(now).put("updates", updates));
    }
    boolean stopped = now.phase() == Phase.STOPPED;
    if (stopped != (before.phase() == Phase.STOPPED)) {
      send(stopped ? "training-stopped" : "training-started", now);
    }
    out.flush();
  }

  /** The updates that were refused in between, as far as they are kept. */
  private void refused(ModelStatus before, ModelStatus now) throws IOException {
    if (now.refused() <= before.refused()) {
      return;
    }
    for (RefusedUpdate one : coordinator.rounds().refusals(model).reversed()) {
      if (one.number() > before.refused() && one.number() <= now.refused()) {
        write("update-refused", before.round(), before.updates(), Answers.refused(model, one));
      }
    }
  }

  /** The failures for the open round of which nothing was told yet. */
  private void failed(ModelStatus now) throws IOException {
    List<ClientFailure> failures =
        now.failed() == 0 ? List.of() : coordinator.rounds().failures(model, now.round());
    for (ClientFailure one : failures) {
      if (!failuresTold.contains(one)) {
        write("client-failed", now.round(), now.updates(), Answers.failure(model, one));
      }
    }
    failuresTold = Set.copyOf(failures);
  }

  /** The reports of versions in between, as far as they are kept. */
  private void reported(ModelStatus before, ModelStatus now) throws IOException {
    if (now.reported() <= before.reported()) {
      return;
    }
    for (ClientReport one : coordinator.rounds().recentReports(model)) {
      if (one.number() > before.reported() && one.number() <= now.reported()) {
        write("reported", now.round(), now.updates(), Answers.report(model, one));
      }
    }
  }

  private void opened(ModelStatus now) throws IOException {
    send("round-opened", now);
  }

  /** The rounds from {@code first} on that are over, as far as their records are kept. */
  private void ended(long first, ModelStatus now) throws IOException {
    for (long round = Math.max(first, now.round() - MOST_MISSED); round < now.round(); round++) {
      RoundRecord record = coordinator.rounds().record(model, round);
      if (record != null) {
        String event =
            record.outcome() == RoundRecord.Outcome.DISCARDED
                ? "round-discarded"
                : "round-completed";
        write(event, round + 1, 0, RecordCodec.view(model, record));
      }
    }
  }

  /** Tells something of the open round as it is. */
  private void send(String event, ModelStatus now) throws IOException {
    write(event, now.round(), now.updates(), Answers.currentRound(now));
  }

  private void write(String event, long round, int updates, ObjectNode data) throws IOException {
    out.write(
        "event: %s\nid: %s.%s\ndata: %s\n\n"
            .formatted(event, round, updates, MAPPER.writeValueAsString(data))
            .getBytes(UTF_8));
  }

  /** Says that the stream lives. */
  void comment() throws IOException {
    out.write(": alive\n\n".getBytes(UTF_8));
    out.flush();
  }
}
