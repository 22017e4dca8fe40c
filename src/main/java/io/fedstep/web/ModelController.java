package io.fedstep.web;

import io.fedstep.codec.CopySpec;
import io.fedstep.codec.Json;
import io.fedstep.codec.Metadata;
import io.fedstep.codec.ModelBody;
import io.fedstep.codec.NewSpec;
import io.fedstep.codec.OptimizerCodec;
import io.fedstep.codec.PolicyCodec;
import io.fedstep.codec.SpecCodec;
import io.fedstep.coordinator.Coordinator;
import io.fedstep.coordinator.Expected;
import io.fedstep.coordinator.ModelChanges;
import io.fedstep.coordinator.ModelStatus;
import io.fedstep.coordinator.PrivacyAccount;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.problem.RefusedException;
import io.fedstep.security.Caller;
import io.fedstep.store.KeptAnswers;
import io.fedstep.wire.Body;
import io.fedstep.wire.Exchange;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.List;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Models: created, listed, changed, stopped, removed. */
@RestController
@RequestMapping("/v1/models")
class ModelController {
  /** The bytes of a spec: enough for a hundred thousand tensors. */
  private static final long MOST_SPEC = 16L << 20;

  /** The bytes of a round policy, or of hyper-parameters. */
  private static final long MOST_CHANGE = 64 * 1024;

  private static final long MOST_LISTED = 500;

  private final Coordinator coordinator;
  private final KeptAnswers kept;

  ModelController(Coordinator coordinator, KeptAnswers kept) {
    this.coordinator = coordinator;
    this.kept = kept;
  }

  @GetMapping
  ResponseEntity<ObjectNode> list(HttpServletRequest request) {
    Caller caller = Caller.of(request);
    var query = new Query(request, Set.of("limit", "after", "fields")::contains);
    Long limit = query.number("limit");
    long most = limit == null ? Long.MAX_VALUE : Math.min(MOST_LISTED, limit);
    String given = query.text("after");
    String after = given == null ? "" : Query.name("model", given);
    String fields = query.text("fields");
    List<String> members = fields == null ? List.of() : List.of(("model," + fields).split(","));
    List<String> names =
        coordinator.models().stream()
            .filter(name -> name.compareTo(after) > 0 && caller.sees(name))
            .sorted()
            .toList();
    ObjectNode json = Json.object();
    ArrayNode models = json.putArray("models");
    for (String model : names.subList(0, (int) Math.min(most, names.size()))) {
      try {
        ObjectNode entry = view(model, request, Answers::listed);
        models.add(fields == null ? entry : entry.retain(members));
      } catch (RefusedException e) {
        // deleted since the names were read
      }
    }
    if (most > 0 && names.size() > most) {
      json.put("next", names.get((int) most - 1));
    }
    return Answers.ok(json);
  }

  private ObjectNode view(
      String model, HttpServletRequest request, Function<ModelStatus, ObjectNode> shown) {
    String broken = coordinator.brokenBy(model);
    if (broken != null) {
      return Answers.broken(model, broken);
    }
    ModelStatus status = coordinator.status(model);
    ObjectNode json = Answers.counts(shown.apply(status), status.head().spec(), request);
    String why = coordinator.failure(model);
    return why == null ? json : json.put("detail", why);
  }

  @PutMapping("/{model}")
  ResponseEntity<ObjectNode> create(@PathVariable String model, HttpServletRequest request) {
    Query.none(request);
    Query.name("model", model);
    Coordinator.Created created =
        switch (ModelBody.read(Body.json(request, MOST_SPEC))) {
          case NewSpec asked -> coordinator.create(model, asked);
          case CopySpec asked -> {
            checkSees(Caller.of(request), asked.model());
            yield coordinator.copy(model, asked, Query.version(asked.version()));
          }
        };
    return Answers.json(
        created.isNew() ? HttpStatus.CREATED : HttpStatus.OK, Answers.model(created.status()));
  }

  private static void checkSees(Caller caller, String model) {
    if (!caller.sees(model)) {
      throw Refusal.of(
              Problem.FORBIDDEN,
              "In 'from': '%s' may not read the model '%s'.".formatted(caller.id(), model))
          .exception();
    }
  }

  /** The model, and to whom: the dashboard shows an admin what an admin may do. */
  @GetMapping("/{model}")
  ResponseEntity<ObjectNode> get(
      @PathVariable String model, HttpServletRequest request, HttpServletResponse response) {
    Query.none(request);
    response.setHeader("Fedstep-Role", Caller.of(request).role().label());
    return Answers.ok(view(Query.name("model", model), request, Answers::model));
  }

  @DeleteMapping("/{model}")
  ResponseEntity<Void> delete(@PathVariable String model, HttpServletRequest request) {
    Query.none(request);
    Query.name("model", model);
    PrivacyAccount spent =
        coordinator.brokenBy(model) == null ? coordinator.status(model).privacy() : null;
    coordinator.delete(
        model,
        Conditions.isConditional(request)
            ? Conditions.expected(request, coordinator.status(model), null)
            : Expected.ANY); // a model that cannot be read has no tag, but can be removed
    kept.forget(model);
    if (spent != null) {
      Exchange.of(request).removes(spent.toString());
    }
    return ResponseEntity.noContent().build();
  }

  /** Has a deleted model back; one that cannot be read is back too, and says so. */
  @PostMapping("/{model}/undelete")
  ResponseEntity<ObjectNode> undelete(@PathVariable String model, HttpServletRequest request) {
    Query.none(request);
    coordinator.undelete(Query.name("model", model));
    return Answers.ok(view(model, request, Answers::model));
  }

  @PutMapping("/{model}/round")
  ResponseEntity<ObjectNode> setPolicy(@PathVariable String model, HttpServletRequest request) {
    Query.none(request);
    coordinator.spec(Query.name("model", model));
    ObjectNode body = Json.readObject(Body.json(request, MOST_CHANGE));
    return Answers.ok(
        Answers.model(coordinator.changes(model).setPolicy(PolicyCodec.read(body, "round"))));
  }

  @PutMapping("/{model}/optimizer")
  ResponseEntity<ObjectNode> setOptimizer(@PathVariable String model, HttpServletRequest request) {
    Query.none(request);
    coordinator.spec(Query.name("model", model));
    ObjectNode body = Json.readObject(Body.json(request, MOST_CHANGE));
    return Answers.ok(
        Answers.model(
            coordinator.changes(model).setOptimizer(OptimizerCodec.read(body, "optimizer"))));
  }

  @PutMapping("/{model}/aggregator")
  ResponseEntity<ObjectNode> setAggregator(@PathVariable String model, HttpServletRequest request) {
    return changed(
        model, request, (changes, body) -> changes.setAggregator(SpecCodec.aggregator(body)));
  }

  @PutMapping("/{model}/update-bound")
  ResponseEntity<ObjectNode> setBound(@PathVariable String model, HttpServletRequest request) {
    return changed(model, request, (changes, body) -> changes.setBound(SpecCodec.bound(body)));
  }

  @PutMapping("/{model}/keep-best")
  ResponseEntity<ObjectNode> setKeepBest(@PathVariable String model, HttpServletRequest request) {
    return changed(
        model, request, (changes, body) -> changes.setKeepBest(SpecCodec.keepBest(body)));
  }

  @PutMapping("/{model}/metadata")
  ResponseEntity<ObjectNode> setMetadata(@PathVariable String model, HttpServletRequest request) {
    Query.none(request);
    coordinator.spec(Query.name("model", model));
    Metadata metadata = Metadata.read(Body.json(request, Metadata.MOST_BYTES));
    return Answers.ok(Answers.model(coordinator.changes(model).setMetadata(metadata)));
  }

  /** Changes a model by a body of what its spec has under a key. */
  private ResponseEntity<ObjectNode> changed(
      String model,
      HttpServletRequest request,
      BiFunction<ModelChanges, JsonNode, ModelStatus> change) {
    Query.none(request);
    coordinator.spec(Query.name("model", model));
    JsonNode body = Json.readValue(Body.json(request, MOST_CHANGE));
    return Answers.ok(Answers.model(change.apply(coordinator.changes(model), body)));
  }

  @GetMapping("/{model}/optimizer")
  ResponseEntity<ObjectNode> optimizer(@PathVariable String model) {
    return Answers.ok(
        OptimizerCodec.write(coordinator.spec(Query.name("model", model)).optimizer()));
  }

  @PostMapping("/{model}/stop")
  ResponseEntity<ObjectNode> stop(@PathVariable String model) {
    return Answers.ok(Answers.model(coordinator.changes(Query.name("model", model)).stop()));
  }

  @PostMapping("/{model}/start")
  ResponseEntity<ObjectNode> start(@PathVariable String model) {
    return Answers.ok(Answers.model(coordinator.changes(Query.name("model", model)).start()));
  }
}
