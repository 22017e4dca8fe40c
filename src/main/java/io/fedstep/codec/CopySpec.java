package io.fedstep.codec;

import io.fedstep.model.DifferentialPrivacy;
import io.fedstep.model.ModelSpec;
import io.fedstep.model.Name;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A model that is to begin from a version of another one.
 *
 * @param model the other one
 * @param version of it: a number, a tag or {@code newest}
 * @param request the body, without metadata
 * @param metadata in place of the other's, or null for those
 */
public record CopySpec(
    String model, String version, ObjectNode request, @Nullable Metadata metadata)
    implements ModelRequest {
  /** The key of a body that asks for it. */
  public static final String FROM = "from";

  private static final String NEWEST = "newest";
  private static final String ROUND = "round";
  private static final String PARTICIPATION = "participation";

  static CopySpec of(ObjectNode request, @Nullable Metadata metadata) {
    Spec from = Spec.of(request.required(FROM), FROM, Set.of("model", "version"));
    JsonNode model = from.required("model");
    if (!model.isString() || !Name.is(model.stringValue())) {
      throw Spec.malformed(from.at("model"), "a model's name", model);
    }
    return new CopySpec(model.stringValue(), version(from), request, metadata);
  }

  private static String version(Spec from) {
    JsonNode version = from.orNull("version");
    if (version == null) {
      return NEWEST;
    }
    if (!version.isString() && !version.isIntegralNumber()) {
      throw Spec.malformed(from.at("version"), "a number or a tag", version);
    }
    return version.asString();
  }

  /** The model that this is, given the other one: its spec, but for what was asked for. */
  public NewSpec on(ModelSpec other, Metadata beside) {
    ObjectNode json = SpecCodec.write(other);
    request.properties().stream()
        .filter(given -> !given.getKey().equals(FROM))
        .forEach(given -> {
          json.remove(given.getKey());
          if (!given.getValue().isNull()) {
            json.set(given.getKey(), given.getValue().deepCopy());
          }
        });
    if (other.isPrivate()) {
      keepPrivate(json, other);
    }
    ModelSpec spec = SpecCodec.read(json);
    checkSame("tensors", other, spec, ModelSpec::layout);
    checkSame("dtype", other, spec, ModelSpec::dtype);
    checkSame("optimizer.modules", other, spec, CopySpec::modules);
    return new NewSpec(spec, metadata == null ? beside : metadata);
  }

  /** What was paid for goes along, and so does what it is paid by. */
  private void keepPrivate(ObjectNode json, ModelSpec other) {
    if (request.has(DifferentialPrivacy.NAME)) {
      throw Spec.bad(
          DifferentialPrivacy.NAME,
          "cannot be given beside 'from': '%s' is private, and its copy has its ledger"
              .formatted(model));
    }
    if (request.path(ROUND).has(PARTICIPATION)) {
      throw Spec.bad(
          ROUND + "." + PARTICIPATION,
          "cannot be given beside 'from': by it the rounds of '%s' were paid for, and so are those"
                  .formatted(model)
              + " of its copy");
    }
    if (json.get(ROUND) instanceof ObjectNode round && other.round().participation() < 1) {
      round.put(PARTICIPATION, other.round().participation());
    }
  }

  private void checkSame(
      String place, ModelSpec other, ModelSpec spec, Function<ModelSpec, ?> part) {
    if (!part.apply(spec).equals(part.apply(other))) {
      throw Spec.bad(
          place, "cannot be others than those of '%s', whose numbers are copied".formatted(model));
    }
  }

  /** The modules' names and the vectors of their states. */
  private static List<?> modules(ModelSpec spec) {
    return spec.optimizer().modules().stream()
        .map(module -> List.of(module.name(), module.state()))
        .toList();
  }
}
