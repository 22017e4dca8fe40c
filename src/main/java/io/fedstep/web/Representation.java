package io.fedstep.web;

import static java.util.stream.Collectors.joining;

import io.fedstep.codec.HalfFormat;
import io.fedstep.codec.KnownFormats;
import io.fedstep.codec.VectorFormat;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.store.VersionInfo;
import io.fedstep.vector.Dtype;
import io.fedstep.wire.AnswerHead;
import io.fedstep.wire.Body;
import jakarta.servlet.http.HttpServletRequest;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.http.InvalidMediaTypeException;
import org.springframework.http.MediaType;

/**
 * What a vector can come back as: JSON, or a format of bytes.
 *
 * @param type the media type
 * @param suffix of the tag of an answer
 * @param extension of the file that a browser saves
 * @param format of bytes, or null for JSON
 * @param half the number format where that is not the model's, or null
 */
record Representation(
    String type,
    String suffix,
    String extension,
    @Nullable VectorFormat format,
    @Nullable HalfFormat half) {
  /** Text, with what is beside the vector. */
  static final Representation JSON =
      new Representation(MediaType.APPLICATION_JSON_VALUE, ".json", ".json", null, null);

  private static final String DTYPE = "dtype";
  private static final Representation OCTETS = new Representation(KnownFormats.OCTETS);

  /** All of them but halves, in the order in which they are preferred. */
  private static final List<Representation> ALL =
      Stream.concat(
              Stream.of(OCTETS, JSON),
              KnownFormats.ALL.stream()
                  .filter(format -> !format.equals(KnownFormats.OCTETS))
                  .map(Representation::new))
          .toList();

  private Representation(VectorFormat format) {
    this(
        format.mediaType(),
        format.suffix(),
        format.suffix().isEmpty() ? ".bin" : format.suffix(),
        format,
        null);
  }

  private Representation(HalfFormat half) {
    this(
        KnownFormats.SAFETENSORS.mediaType() + ";" + DTYPE + "=" + half.label(),
        KnownFormats.SAFETENSORS.suffix() + "." + half.label(),
        "." + half.label() + KnownFormats.SAFETENSORS.suffix(),
        KnownFormats.SAFETENSORS,
        half);
  }

  /** All media types. */
  static String types() {
    return ALL.stream().map(Representation::type).collect(joining(", "));
  }

  /** The form of a body, by its media type, or null. */
  private static @Nullable Representation ofType(@Nullable String type) {
    return ALL.stream().filter(one -> one.type.equals(type)).findFirst().orElse(null);
  }

  /** The form of the vector in a body; if there is none, the request is refused. */
  static Representation ofBody(HttpServletRequest request) {
    String type = Body.mediaType(request);
    Representation form = ofType(type);
    if (form == null) {
      throw Body.unsupported(type, types());
    }
    return form;
  }

  /** The answer with this representation of a vector of a version. */
  AnswerHead head(VersionInfo info, String vector, HttpServletRequest request) {
    return Address.of(request).head(info, vector, suffix, extension, request);
  }

  /**
   * The representations of a model's vector that an {@code Accept} field names, best first; at
   * least one, octets without the field.
   *
   * @param halves whether there are any
   */
  static List<Representation> accepted(@Nullable String accept, Dtype dtype, boolean halves) {
    if (accept == null || accept.isBlank()) {
      return List.of(OCTETS);
    }
    List<MediaType> ranges = ranges(accept);
    Stream<Representation> smaller =
        halves ? HalfFormat.of(dtype).stream().map(Representation::new) : Stream.of();
    var qualities = new LinkedHashMap<Representation, Double>();
    Stream.concat(smaller, ALL.stream()) // who names a dtype means it
        .forEach(one -> qualities.put(one, one.quality(ranges, dtype)));
    List<Representation> liked =
        qualities.entrySet().stream()
            .filter(one -> one.getValue() > 0)
            .sorted(Map.Entry.<Representation, Double>comparingByValue().reversed())
            .map(Map.Entry::getKey)
            .toList();
    if (liked.isEmpty()) {
      throw Refusal.of(
              Problem.NOT_ACCEPTABLE,
              "Nothing in '%s' can be had; there are %s.".formatted(accept, types()))
          .exception();
    }
    return liked;
  }

  private static List<MediaType> ranges(String accept) {
    try {
      return MediaType.parseMediaTypes(accept);
    } catch (InvalidMediaTypeException e) {
      return List.of();
    }
  }

  /** The q-value of the most specific range that has this (RFC 9110, 12.5.1). */
  private double quality(List<MediaType> ranges, Dtype dtype) {
    double quality = 0;
    int specificity = -1;
    for (MediaType range : ranges) {
      int found =
          range.isWildcardType()
              ? 0
              : range.isWildcardSubtype() ? 1 : range.getParameter(DTYPE) == null ? 2 : 3;
      if (isIn(range, dtype) && found > specificity) {
        specificity = found;
        quality = range.getQualityValue();
      }
    }
    return quality;
  }

  /** A dtype is one of safetensors; the model's own is the plain representation. */
  private boolean isIn(MediaType range, Dtype dtype) {
    String named = range.getParameter(DTYPE);
    if (named == null) {
      return half == null && range.includes(MediaType.valueOf(type));
    }
    boolean isSafetensors =
        KnownFormats.SAFETENSORS.equals(format)
            && (range.getType() + "/" + range.getSubtype())
                .equals(KnownFormats.SAFETENSORS.mediaType());
    String own = half == null ? dtype.label() : half.label();
    return isSafetensors && own.equals(named.replace("\"", ""));
  }
}
