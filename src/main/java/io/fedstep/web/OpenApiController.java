package io.fedstep.web;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.joining;
import static java.util.stream.Collectors.toList;
import static java.util.stream.Collectors.toMap;

import io.fedstep.problem.Problem;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import org.springframework.http.ResponseEntity;
import org.springframework.util.function.SingletonSupplier;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** The OpenAPI document: what {@code openapi.yml} says, and each problem as the enum has it. */
@RestController
final class OpenApiController {
  private static final String FILE = "/openapi.yml";
  private static final String PROBLEMS = "x-problems";
  private static final Map<String, Problem> CODES =
      Arrays.stream(Problem.values()).collect(toMap(Problem::code, Function.identity()));

  private static final Set<Problem> RETRIED =
      Set.of(Problem.TOO_MANY_REQUESTS, Problem.NOT_READY, Problem.NO_WEIGHTS);

  private final SingletonSupplier<ObjectNode> document =
      SingletonSupplier.of(OpenApiController::document);

  @GetMapping("/v3/api-docs")
  ResponseEntity<ObjectNode> get() {
    return Answers.ok(document.obtain());
  }

  private static ObjectNode document() {
    ObjectNode document = read();
    JsonNode details = document.remove(PROBLEMS);
    JsonNode components = document.required("components");
    ObjectNode examples = components.asObject().putObject("examples");
    ArrayNode codes = components.at("/schemas/Problem/properties/code").asObject().putArray("enum");
    for (Problem problem : Problem.values()) {
      codes.add(problem.code());
      examples
          .putObject(problem.code())
          .putObject("value")
          .put("type", "urn:fedstep:problem:" + problem.code())
          .put("title", problem.title())
          .put("status", problem.status())
          .put("detail", "")
          .put("code", problem.code())
          .setAll(details.required(problem.code()).asObject());
    }
    for (JsonNode path : document.required("paths")) {
      for (JsonNode operation : path) {
        if (operation.has(PROBLEMS)) {
          addProblems(operation.asObject());
        }
      }
    }
    return document;
  }

  private static ObjectNode read() {
    try (InputStream file =
        Objects.requireNonNull(OpenApiController.class.getResourceAsStream(FILE), FILE)) {
      Object yaml = new Yaml(new SafeConstructor(new LoaderOptions())).load(file);
      return JsonMapper.shared().<ObjectNode>valueToTree(yaml);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Adds a response for each status, with an example for each of its codes. */
  private static void addProblems(ObjectNode operation) {
    operation
        .remove(PROBLEMS)
        .valueStream()
        .map(code -> Objects.requireNonNull(CODES.get(code.asString()), code::toString))
        .collect(groupingBy(Problem::status, LinkedHashMap::new, toList()))
        .forEach((status, problems) ->
            respond(operation.required("responses").asObject().putObject("" + status), problems));
  }

  private static void respond(ObjectNode response, List<Problem> problems) {
    response.put(
        "description", problems.stream().map(Problem::title).collect(joining(". ", "", ".")));
    ObjectNode media = response.putObject("content").putObject("application/problem+json");
    media.putObject("schema").put("$ref", "#/components/schemas/Problem");
    ObjectNode examples = media.putObject("examples");
    for (Problem problem : problems) {
      examples.putObject(problem.code()).put("$ref", "#/components/examples/" + problem.code());
    }
    if (!Collections.disjoint(problems, RETRIED)) {
      addHeader(response, "Retry-After");
    }
    if (problems.contains(Problem.RANGE_NOT_SATISFIABLE)) {
      addHeader(response, "Content-Range");
    }
  }

  private static void addHeader(ObjectNode response, String name) {
    response.withObject("/headers").putObject(name).put("$ref", "#/components/headers/" + name);
  }
}
