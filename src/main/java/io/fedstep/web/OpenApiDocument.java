package io.fedstep.web;

import io.fedstep.problem.Problem;
import io.swagger.v3.core.util.Yaml31;
import io.swagger.v3.oas.models.OpenAPI;
import io.swagger.v3.oas.models.Operation;
import io.swagger.v3.oas.models.PathItem;
import io.swagger.v3.oas.models.examples.Example;
import io.swagger.v3.oas.models.headers.Header;
import io.swagger.v3.oas.models.media.Content;
import io.swagger.v3.oas.models.media.MediaType;
import io.swagger.v3.oas.models.media.Schema;
import io.swagger.v3.oas.models.responses.ApiResponse;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.springdoc.core.customizers.OpenApiCustomizer;
import org.springframework.stereotype.Component;

/** The OpenAPI document: what {@code openapi.yml} says, and each problem as the enum has it. */
@Component
final class OpenApiDocument implements OpenApiCustomizer {
  private static final String FILE = "/openapi.yml";
  private static final String PROBLEMS = "x-problems";
  private static final Map<String, Problem> CODES =
      Arrays.stream(Problem.values()).collect(Collectors.toMap(Problem::code, Function.identity()));

  @Override
  public void customise(OpenAPI document) {
    OpenAPI written = read();
    var details = (Map<?, ?>) required(written.getExtensions(), PROBLEMS);
    for (Problem problem : Problem.values()) {
      written.getComponents().addExamples(problem.code(), example(problem, details));
    }
    describe(required(written.getComponents().getSchemas(), "Problem"));
    for (PathItem path : written.getPaths().values()) {
      path.readOperations().forEach(OpenApiDocument::addProblems);
    }
    document.info(written.getInfo()).tags(written.getTags()).security(written.getSecurity());
    document.paths(written.getPaths()).components(written.getComponents());
  }

  private static OpenAPI read() {
    try (InputStream file =
        Objects.requireNonNull(OpenApiDocument.class.getResourceAsStream(FILE), FILE)) {
      return Yaml31.mapper().readValue(file, OpenAPI.class);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static <V> V required(Map<?, V> map, String key) {
    return Objects.requireNonNull(map.get(key), key);
  }

  private static Example example(Problem problem, Map<?, ?> details) {
    var members = new LinkedHashMap<String, Object>();
    members.put("type", "urn:fedstep:problem:" + problem.code());
    members.put("title", problem.title());
    members.put("status", problem.status());
    members.put("detail", "");
    members.put("code", problem.code());
    ((Map<?, ?>) required(details, problem.code()))
        .forEach((name, value) -> members.put((String) name, value));
    return new Example().value(members);
  }

  @SuppressWarnings("unchecked") // the schema says that it is one of strings
  private static void describe(Schema<?> problem) {
    var code = (Schema<String>) required(problem.getProperties(), "code");
    code.setEnum(Arrays.stream(Problem.values()).map(Problem::code).toList());
  }

  /** Adds a response for each status, with an example for each of its codes. */
  private static void addProblems(Operation operation) {
    var codes = (List<?>) required(operation.getExtensions(), PROBLEMS);
    operation.setExtensions(null);
    codes.stream()
        .map(code -> required(CODES, (String) code))
        .collect(Collectors.groupingBy(Problem::status, LinkedHashMap::new, Collectors.toList()))
        .forEach((status, problems) ->
            operation.getResponses().addApiResponse(status.toString(), response(problems)));
  }

  private static ApiResponse response(List<Problem> problems) {
    var media = new MediaType().schema(new Schema<>().$ref("#/components/schemas/Problem"));
    for (Problem problem : problems) {
      media.addExamples(
          problem.code(), new Example().$ref("#/components/examples/" + problem.code()));
    }
    var response =
        new ApiResponse()
            .description(
                problems.stream().map(Problem::title).collect(Collectors.joining(". ", "", ".")))
            .content(new Content().addMediaType("application/problem+json", media));
    if (problems.contains(Problem.TOO_MANY_REQUESTS) || problems.contains(Problem.NOT_READY)) {
      addHeader(response, "Retry-After");
    }
    if (problems.contains(Problem.RANGE_NOT_SATISFIABLE)) {
      addHeader(response, "Content-Range");
    }
    return response;
  }

  private static void addHeader(ApiResponse response, String name) {
    response.addHeaderObject(name, new Header().$ref("#/components/headers/" + name));
  }
}
