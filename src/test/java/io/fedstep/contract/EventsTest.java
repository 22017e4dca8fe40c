package io.fedstep.contract;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** What happens to a model, as server-sent events. */
class EventsTest {
  private static final String ONE = "{\"gradient\": [1, 1, 1]}";

  private record Event(String name, String id, JsonNode data) {
    @Override
    public String toString() {
      return name + " " + id;
    }
  }

  /** A stream that is being read. */
  private static final class Stream implements AutoCloseable {
    private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
    private final java.util.stream.Stream<String> source;

    Stream(Model model, String... headers) {
      source = model.http().lines(model.path("/events"), headers);
      Thread.startVirtualThread(() -> {
        try {
          source.forEach(lines::add);
        } catch (RuntimeException e) {
          // closed here, or by the server
        }
        lines.add("END");
      });
    }

    private String line() {
      try {
        String line = lines.poll(30, TimeUnit.SECONDS);
        return line == null ? "NOTHING" : line;
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }

    Event next() {
      String event = line();
      if (!event.startsWith("event: ")) {
        return new Event(event, "", Reply.json("null"));
      }
      String id = line();
      String data = line();
      assertThat(line()).isEmpty();
      return new Event(
          event.substring("event: ".length()),
          id.substring("id: ".length()),
          Reply.json(data.substring("data: ".length())));
    }

    List<String> next(int count) {
      var events = new ArrayList<String>();
      for (int i = 0; i < count; i++) {
        events.add(next().toString());
      }
      return events;
    }

    @Override
    public void close() {
      source.close();
    }
  }

  @Test
  void failure_isTold_once() {
    Model model = Model.create(Model.plain(2, 2));
    try (var stream = new Stream(model)) {
      assertThat(stream.next()).hasToString("round-opened 0.0");
      model.putJson("/rounds/0/failures/eve", "{\"error\": \"KeyError\"}").is(204);
      Event failed = stream.next();
      assertThat(failed).hasToString("client-failed 0.0");
      assertThat(failed.data().propertyNames())
          .containsExactlyInAnyOrder("model", "round", "client", "error", "detail", "at");
      assertThat(failed.data().path("client").asString()).isEqualTo("eve");
      model.submit(0, "alice", ONE).is(201);
      assertThat(stream.next()).hasToString("update-accepted 0.1");
    }
  }

  @Test
  void report_isTold_withWhatWasMeasured() {
    Model model = Model.create(Model.plain(2, 2));
    String report = "{\"weight\": 3, \"metrics\": {\"loss\": 0.5}}";
    model.putJson("/versions/0/reports/early", report).is(201);
    try (var stream = new Stream(model)) {
      Event event = stream.next();
      assertThat(event).hasToString("round-opened 0.0");
      model.putJson("/versions/0/reports/alice", report).is(201);
      do { // the first, if it was not told before the stream began
        event = stream.next();
      } while (event.data().path("client").asString().equals("early"));
      assertThat(event).hasToString("reported 0.0");
      assertThat(event.data())
          .isEqualTo(
              Reply.json(
                  """
                  {"model": "%s", "version": 0, "client": "alice", "weight": 3.0,
                   "metrics": {"loss": 0.5}}\
                  """
                      .formatted(model.name())));
    }
  }

  @Test
  void firstWeights_openTheRound() {
    Model model =
        Model.create(
            Model.PLAIN.replace("{\"tensors\"", "{\"weights\": \"required\", \"tensors\""));
    try (var stream = new Stream(model)) {
      assertThat(stream.next().data().path("phase").asString()).isEqualTo("awaiting-weights");
      model.putJson("/weights", "{\"weights\": [1, 2, 3]}").is(200);
      Event opened = stream.next();
      assertThat(opened).hasToString("round-opened 0.0");
      assertThat(opened.data()).isEqualTo(model.current());
    }
  }

  @Test
  void round_isTold_fromItsOpeningToItsEnd() {
    Model model = Model.create(Model.plain(2, 2));
    try (var stream = new Stream(model)) {
      Event opened = stream.next();
      assertThat(opened).hasToString("round-opened 0.0");
      assertThat(opened.data()).isEqualTo(model.current());
      model.submit(0, "alice", ONE).is(201);
      Event accepted = stream.next();
      assertThat(accepted).hasToString("update-accepted 0.1");
      assertThat(accepted.data().path("updates").asInt()).isEqualTo(1);
      model.submit(0, "bob", ONE).is(201);
      Event event = stream.next();
      while (event.name().equals("update-accepted")) { // the second, if it is seen before the end
        event = stream.next();
      }
      assertThat(event).hasToString("round-completed 1.0");
      assertThat(event.data()).isEqualTo(model.get("/rounds/0").is(200).json());
      assertThat(stream.next()).hasToString("round-opened 1.0");
      model.post("/stop").is(200);
      assertThat(stream.next()).hasToString("training-stopped 1.0");
      model.post("/start").is(200);
      assertThat(stream.next()).hasToString("training-started 1.0");
      model.submit(1, "alice", ONE).is(201);
      assertThat(stream.next()).hasToString("update-accepted 1.1");
      model.post("/versions/0/restore").is(201);
      assertThat(stream.next(2)).containsExactly("round-discarded 2.0", "round-opened 2.0");
    }
  }

  @Test
  void whoComesBack_isToldWhatHeMissed() {
    Model model = Model.create(Model.plain(1, 1));
    for (int round = 0; round < 3; round++) {
      model.submit(round, "alice", ONE).is(201);
      model.awaitVersion(round + 1);
    }
    try (var stream = new Stream(model, "Last-Event-ID: 1.0")) {
      assertThat(stream.next(3))
          .containsExactly("round-completed 2.0", "round-completed 3.0", "round-opened 3.0");
    }
    for (String id : new String[] {"9.0", "x", "1", ""}) { // of another model, or of none
      try (var stream = new Stream(model, "Last-Event-ID: " + id)) {
        assertThat(stream.next()).hasToString("round-opened 3.0");
      }
    }
  }

  @Test
  void deadline_isTold() {
    Model model =
        Model.create(
            """
            {"tensors": {"w": [3]},
             "round": {"min_updates": 2, "max_updates": 3, "timeout": "200ms"}}\
            """);
    try (var stream = new Stream(model)) {
      assertThat(stream.next().name()).isEqualTo("round-opened");
      assertThat(stream.next()).hasToString("deadline-passed 0.0");
    }
  }

  @Test
  void refusedUpdates_areTold_oneByOne() {
    Model model = Model.create(Model.plain(2, 2));
    model.submit(0, "early", "{\"gradient\": [NaN, 1, 1]}").is(422);
    try (var stream = new Stream(model)) {
      assertThat(stream.next().name()).isEqualTo("round-opened");
      model.submit(0, "alice", "{\"gradient\": [NaN, 1, 1]}").is(422);
      model.submit(3, "bob", ONE).is(409);
      Event event = stream.next();
      while (event.data().path("client").asString().equals("early")) { // told, or just not yet
        event = stream.next();
      }
      assertThat(event).hasToString("update-refused 0.0");
      JsonNode refusals = model.get("/refusals").is(200).json().path("refusals");
      assertThat(event.data()).isEqualTo(refusals.path(1));
      assertThat(stream.next().data()).isEqualTo(refusals.path(0));
      model.submit(0, "alice", ONE).is(201);
      assertThat(stream.next()).hasToString("update-accepted 0.1");
    }
  }

  @Test
  void stream_endsWithTheModel_andWithTheServer(@TempDir Path data) {
    try (Server server = Server.start(data)) {
      Model model = Model.create(server.http(), Model.PLAIN);
      Model other = Model.create(server.http(), Model.PLAIN);
      try (var stream = new Stream(model);
          var last = new Stream(other)) {
        assertThat(stream.next().name()).isEqualTo("round-opened");
        assertThat(last.next().name()).isEqualTo("round-opened");
        server.http().delete(model.path("")).is(204);
        assertThat(stream.next().name()).isEqualTo("END");
        server.close();
        assertThat(last.next().name()).isEqualTo("END");
      }
    }
  }

  @Test
  void unknownModel_isNotFound() {
    Model.unborn().get("/events").problem(404, "model-not-found");
  }
}
