package io.fedstep.web;

import io.fedstep.codec.KnownFormats;
import io.fedstep.codec.UpdateMetadataBuilder;
import io.fedstep.codec.VectorFormat;
import io.fedstep.codec.VectorIntake;
import io.fedstep.coordinator.BodyReader;
import io.fedstep.coordinator.Upload;
import io.fedstep.round.Control;
import io.fedstep.round.UpdateMetadata;
import io.fedstep.round.VectorSummary;
import io.fedstep.store.PausedHead;
import io.fedstep.wire.Body;
import io.fedstep.wire.HeavyWork;
import io.fedstep.wire.TurnedBody;
import java.io.IOException;
import java.io.InputStream;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** An update whose facts are in the query alone, and whose body has nothing but its numbers. */
final class QueriedUpdate implements BodyReader {
  private static final String PARTIAL = "partial";
  private static final String LOCAL_RATE = "local_rate";
  private static final String CONTROL = "control";
  private static final String METRIC = "metric.";

  private final HeavyWork work;
  private final @Nullable String holder;

  /**
   * Reads bodies for a request.
   *
   * @param holder of the turns that decoding takes
   */
  QueriedUpdate(HeavyWork work, @Nullable String holder) {
    this.work = work;
    this.holder = holder;
  }

  /** Whether an update has a parameter of that name. */
  static boolean knows(String parameter) {
    return switch (parameter) {
      case "weight", "base", PARTIAL, LOCAL_RATE, CONTROL -> true;
      default -> parameter.startsWith(METRIC);
    };
  }

  /** What the parameters say. */
  static UpdateMetadataBuilder parts(Map<String, String> query) {
    var parts = new UpdateMetadataBuilder();
    String weight = query.get("weight");
    if (weight != null) {
      parts.weight(Query.decimal("weight", weight));
    }
    String base = query.get("base");
    if (base != null) {
      parts.base(base);
    }
    String partial = query.get(PARTIAL);
    if (partial != null) {
      parts.partial(Query.flag(PARTIAL, partial));
    }
    String rate = query.get(LOCAL_RATE);
    if (rate != null) {
      parts.localRate(Query.decimal(LOCAL_RATE, rate));
    }
    String control = query.get(CONTROL);
    if (control != null && Query.isNumber(control)) {
      parts.control(new Control.Of(Long.parseLong(control)));
    } else if (control != null) {
      parts.control(control);
    }
    query.forEach((name, value) -> {
      if (name.startsWith(METRIC)) {
        parts.metric(name.substring(METRIC.length()), Query.decimal(name, value));
      }
    });
    return parts;
  }

  /** The format of a media type in which an update can come in several requests. */
  static VectorFormat format(@Nullable String type) {
    return KnownFormats.ALL.stream()
        .filter(format -> format.mediaType().equals(type))
        .findFirst()
        .orElseThrow(() ->
            Body.unsupported(
                type,
                String.join(
                    ", ", KnownFormats.ALL.stream().map(VectorFormat::mediaType).toList())));
  }

  /** Refuses a form in which nothing can be left out, where something may be. */
  static void checkPartial(VectorFormat format, boolean isPartial) {
    if (isPartial && !format.equals(KnownFormats.SAFETENSORS)) {
      throw UpdateMetadataBuilder.partialFlat();
    }
  }

  @Override
  public UpdateMetadata metadata(PausedHead head) {
    return parts(head.query()).build();
  }

  @Override
  public VectorSummary read(PausedHead head, InputStream body, Upload upload) throws IOException {
    UpdateMetadataBuilder parts = parts(head.query());
    try (var turned = new TurnedBody(body, work, holder);
        var intake = VectorIntake.ofUpdate(upload.spec(), upload.sink(), parts.isPartial())) {
      intake.whenEncoded(turned::takeTurns);
      format(head.type()).reader().read(turned, intake);
      return intake.finish().of(head.length());
    }
  }
}
