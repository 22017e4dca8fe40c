package io.fedstep.contract;

import static io.fedstep.contract.Http.ACCEPT_JSON;
import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.problem.Problem;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.springframework.web.servlet.mvc.method.RequestMappingInfo;
import org.springframework.web.servlet.mvc.method.annotation.RequestMappingHandlerMapping;
import tools.jackson.databind.JsonNode;

/** The OpenAPI document says what the server does. */
class OpenApiTest {
  private static final String UPDATE =
      """
      {"gradient": [1, 2, 3], "weight": 2, "metrics": {"loss": 0.5}}\
      """;

  private final JsonNode document = Server.shared().http().get("/v3/api-docs").is(200).json();

  /** An operation of the document. */
  private record Operation(String method, String path, JsonNode json) {
    @Override
    public String toString() {
      return method + " " + path;
    }
  }

  private List<Operation> operations() {
    var operations = new ArrayList<Operation>();
    for (Map.Entry<String, JsonNode> path : document.path("paths").properties()) {
      for (Map.Entry<String, JsonNode> one : path.getValue().properties()) {
        if (!one.getKey().equals("parameters")) {
          operations.add(
              new Operation(one.getKey().toUpperCase(Locale.ROOT), path.getKey(), one.getValue()));
        }
      }
    }
    return operations;
  }

  private static Stream<String> mapped(RequestMappingInfo mapping) {
    return mapping.getPatternValues().stream()
        .flatMap(path ->
            mapping.getMethodsCondition().getMethods().stream().map(method -> method + " " + path));
  }

  private JsonNode resolve(JsonNode node) {
    String ref = node.path("$ref").asString("");
    return ref.isEmpty() ? node : document.at(ref.substring(1));
  }

  @Test
  void document_isOfOpenApi31() {
    assertThat(document.path("openapi").asString()).startsWith("3.1.");
    assertThat(document.path("info").path("description").asString()).isNotBlank();
    assertThat(operations())
        .allSatisfy(one -> assertThat(one.json().path("summary").asString()).isNotBlank())
        .extracting(one -> one.json().path("operationId").asString())
        .doesNotHaveDuplicates();
    List<JsonNode> refs = document.findValues("$ref");
    assertThat(refs).hasSizeGreaterThan(100);
    assertThat(refs)
        .allSatisfy(ref ->
            assertThat(document.at(ref.asString().substring(1)).isMissingNode())
                .as(ref.asString())
                .isFalse());
  }

  @Test
  void operations_areThoseOfTheControllers() {
    var mapping =
        Server.shared()
            .context()
            .getBean("requestMappingHandlerMapping", RequestMappingHandlerMapping.class);
    List<String> served =
        mapping.getHandlerMethods().keySet().stream()
            .flatMap(OpenApiTest::mapped)
            .filter(operation -> operation.contains(" /v1/"))
            .toList();
    assertThat(served).hasSizeGreaterThan(20);
    assertThat(operations()).extracting(Operation::toString).hasSameElementsAs(served);
  }

  @Test
  void pathVariables_areDeclared() {
    for (Operation one : operations()) {
      List<String> variables =
          Pattern.compile("[{](\\w+)[}]")
              .matcher(one.path())
              .results()
              .map(variable -> variable.group(1))
              .toList();
      JsonNode declared = document.path("paths").path(one.path()).path("parameters");
      assertThat(declared.values())
          .as(one.path())
          .extracting(parameter -> resolve(parameter).path("name").asString())
          .hasSameElementsAs(variables);
    }
  }

  @Test
  void queryParameters_areKnown() {
    Model model = Model.create(Model.PLAIN);
    for (Operation one : operations()) {
      var query = new ArrayList<String>();
      for (JsonNode reference : one.json().path("parameters")) {
        JsonNode parameter = resolve(reference);
        if (parameter.path("in").asString().equals("query")) {
          query.add(parameter.path("name").asString());
        }
      }
      boolean excludeEachOther = one.path().equals("/v1/privacy/epsilon");
      if (one.method().equals("GET") && !excludeEachOther) {
        String path =
            one.path()
                .replace("{model}", model.name())
                .replaceAll("[{](round|version|client|tag)[}]", "0");
        query.replaceAll(name ->
            name
                + switch (name) {
                  case "wait" -> "=1ms";
                  case "metadata" -> "=true";
                  default -> "=0";
                });
        assertThat(model.http().head(path + "?" + String.join("&", query)).status())
            .as(one + " " + query)
            .isNotEqualTo(400);
      }
    }
  }

  @Test
  void codes_areThoseOfTheServer() {
    List<String> codes = Arrays.stream(Problem.values()).map(Problem::code).toList();
    JsonNode components = document.path("components");
    assertThat(components.at("/schemas/Problem/properties/code/enum").values())
        .extracting(JsonNode::asString)
        .containsExactlyElementsOf(codes);
    assertThat(components.path("examples").propertyNames()).containsExactlyElementsOf(codes);
    for (Problem problem : Problem.values()) {
      JsonNode example = components.path("examples").path(problem.code()).path("value");
      assertThat(example.path("status").asInt()).isEqualTo(problem.status());
      assertThat(example.path("detail").asString()).isNotBlank();
      assertDocumented("Problem", example);
    }
  }

  @Test
  void refusals_areUnderTheirStatus() {
    for (Operation one : operations()) {
      for (Map.Entry<String, JsonNode> response : one.json().path("responses").properties()) {
        JsonNode problem = response.getValue().at("/content/application~1problem+json");
        assertThat(problem.isMissingNode())
            .as(one + " " + response.getKey())
            .isEqualTo(Integer.parseInt(response.getKey()) < 400);
        problem
            .path("examples")
            .forEach(example ->
                assertThat(resolve(example).at("/value/status").asString())
                    .isEqualTo(response.getKey()));
      }
    }
  }

  /** Whether a schema names every member of an answer. */
  private void assertDocumented(String schema, JsonNode answer) {
    assertThat(document.at("/components/schemas/" + schema + "/properties").propertyNames())
        .as(schema)
        .containsAll(answer.propertyNames());
  }

  @Test
  void answers_haveTheDocumentedMembers() {
    Model model = Model.create(Model.plain(1, 2));
    assertDocumented("Model", model.json());
    assertDocumented("RoundPolicy", model.json("round"));
    assertDocumented("Optimizer", model.json("optimizer"));
    assertDocumented("CurrentRound", model.current());
    assertDocumented("Receipt", model.submit(0, "alice", UPDATE).is(201).json());
    assertDocumented(
        "Update", model.get("/rounds/0/updates").is(200).json().path("updates").path(0));
    model.submit(9, "alice", UPDATE).is(409);
    assertDocumented("RefusedUpdate", model.get("/refusals").json().path("refusals").path(0));
    JsonNode round = model.post("/rounds/current/close").is(200).json();
    assertDocumented("RoundRecord", round);
    assertThat(
            document
                .at("/components/schemas/RoundRecord/properties/clients/items/properties")
                .propertyNames())
        .containsAll(round.path("clients").path(0).propertyNames());
    assertDocumented("Version", model.get("/versions").json().path("versions").path(0));
    assertDocumented("Made", model.post("/versions/0/restore").is(201).json());
    for (String vector : new String[] {"Weights", "Gradient"}) {
      String path = "/versions/1/" + vector.toLowerCase(Locale.ROOT);
      assertThat(
              document
                  .path("components")
                  .path("responses")
                  .path(vector)
                  .at("/content/application~1json/schema/properties")
                  .propertyNames())
          .containsAll(model.get(path, ACCEPT_JSON).is(200).json().propertyNames());
    }
  }
}
