package io.fedstep.web;

import static java.util.stream.Collectors.joining;

import io.fedstep.codec.KnownFormats;
import io.fedstep.codec.VectorFormat;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.store.VersionInfo;
import io.fedstep.wire.AnswerHead;
import io.fedstep.wire.Body;
import jakarta.servlet.http.HttpServletRequest;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.http.InvalidMediaTypeException;
import org.springframework.http.MediaType;

/**
 * What a vector can come back as: JSON, or a format of bytes.
 *
 * @param type the media type
 * @param suffix of the tag of an answer
 * @param format of bytes, or null for JSON
 */
record Representation(String type, String suffix, @Nullable VectorFormat format) {
  /** Text, with what is beside the vector. */
  static final Representation JSON =
      new Representation(MediaType.APPLICATION_JSON_VALUE, ".json", null);

  private static final Representation OCTETS = new Representation(KnownFormats.OCTETS);

  /** All of them, in the order in which they are preferred. */
  private static final List<Representation> ALL =
      Stream.concat(
              Stream.of(OCTETS, JSON),
              KnownFormats.ALL.stream()
                  .filter(format -> !format.equals(KnownFormats.OCTETS))
                  .map(Representation::new))
          .toList();

  private Representation(VectorFormat format) {
    this(format.mediaType(), format.suffix(), format);
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
    return Address.of(request)
        .head(info, vector, suffix, suffix.isEmpty() ? ".bin" : suffix, request);
  }

  /** The representation that an {@code Accept} field likes best; octets without one. */
  static Representation of(@Nullable String accept) {
    if (accept == null || accept.isBlank()) {
      return OCTETS;
    }
    List<MediaType> ranges = ranges(accept);
    Representation best = null;
    double bestQuality = 0;
    for (Representation one : ALL) {
      double quality = quality(MediaType.valueOf(one.type), ranges);
      if (quality > bestQuality) {
        best = one;
        bestQuality = quality;
      }
    }
    if (best == null) {
      throw Refusal.of(
              Problem.NOT_ACCEPTABLE,
              "Nothing in '%s' can be had; there are %s.".formatted(accept, types()))
          .exception();
    }
    return best;
  }

  private static List<MediaType> ranges(String accept) {
    try {
      return MediaType.parseMediaTypes(accept);
    } catch (InvalidMediaTypeException e) {
      return List.of();
    }
  }

  /** The q-value of the most specific range that has the type (RFC 9110, 12.5.1). */
  private static double quality(MediaType type, List<MediaType> ranges) {
    double quality = 0;
    int specificity = -1;
    for (MediaType range : ranges) {
      int found = range.isWildcardType() ? 0 : range.isWildcardSubtype() ? 1 : 2;
      if (range.includes(type) && found > specificity) {
        specificity = found;
        quality = range.getQualityValue();
      }
    }
    return quality;
  }
}
