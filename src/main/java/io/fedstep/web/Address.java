package io.fedstep.web;

import static java.util.Objects.requireNonNull;

import io.fedstep.coordinator.Coordinator;
import io.fedstep.store.Version;
import io.fedstep.store.VersionInfo;
import io.fedstep.wire.AnswerHead;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.web.servlet.HandlerMapping;

/**
 * The address of a request: the pattern that it matches, and the texts at the pattern's variables.
 */
record Address(String pattern, Map<?, ?> variables) {
  /** The address of a request; without pattern and variables where no controller is found. */
  static Address of(HttpServletRequest request) {
    return new Address(
        String.valueOf(request.getAttribute(HandlerMapping.BEST_MATCHING_PATTERN_ATTRIBUTE)),
        request.getAttribute(HandlerMapping.URI_TEMPLATE_VARIABLES_ATTRIBUTE)
                instanceof Map<?, ?> variables
            ? variables
            : Map.of());
  }

  /** The text at a variable, or null if the pattern has none of that name. */
  @Nullable String text(String variable) {
    return variables.get(variable) instanceof String text ? text : null;
  }

  /** The model's name, where the pattern has one. */
  String model() {
    return requireNonNull(text("model"));
  }

  /** Says on an answer which version it is of, where the address does not give its number. */
  void locate(VersionInfo info, HttpServletResponse response) {
    String version = text("version");
    if (version != null && !Query.isNumber(version)) {
      response.setHeader(
          "Content-Location",
          pattern
              .replace("{model}", model())
              .replace("{version}", Long.toString(info.version()))
              .replace("{client}", String.valueOf(text("client"))));
    }
  }

  /** The version that the address names; the answer says which one that is. */
  Version version(Coordinator coordinator, HttpServletResponse response) {
    String model = Query.name("model", model());
    coordinator.spec(model);
    Version version = coordinator.version(model, Query.version(requireNonNull(text("version"))));
    locate(version.info(), response);
    return version;
  }

  /**
   * The answer's head with something of a version; one named by its number never changes.
   *
   * @param content of the version: nothing for the weights, or {@code .gradient}, {@code .state}
   * @param suffix of the tag, which tells a representation from the others of the content
   * @param extension of the file's name
   */
  AnswerHead head(
      VersionInfo info,
      String content,
      String suffix,
      String extension,
      HttpServletRequest request) {
    String fileName = model() + "-" + info.version() + content.replace('.', '-') + extension;
    String version = text("version");
    boolean isFixed = version != null && Query.isNumber(version);
    return AnswerHead.of(model(), info, content + suffix, fileName, isFixed, request);
  }
}
