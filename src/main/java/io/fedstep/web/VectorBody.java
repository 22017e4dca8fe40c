package io.fedstep.web;

import io.fedstep.codec.Safetensors;
import io.fedstep.codec.VectorIntake;
import io.fedstep.model.ModelSpec;
import jakarta.servlet.http.HttpServletRequest;
import java.io.InputStream;

/** How many bytes a vector may take on the wire. */
final class VectorBody {
  /** What a body may hold beside the numbers. */
  static final long SLACK = 1 << 20;

  /** The longest number has 24 characters; the rest is for separators and indentation. */
  private static final long BYTES_PER_VALUE = 64;

  private VectorBody() {}

  /** The body's bytes; a length that cannot be is refused before any is read. */
  static InputStream open(HttpServletRequest request, ModelSpec spec, Representation form) {
    return switch (form) {
      case JSON -> Body.limited(request, SLACK + BYTES_PER_VALUE * spec.parameters());
      case NPY -> Body.limited(request, SLACK + Double.BYTES * spec.parameters());
      case SAFETENSORS ->
          Body.limited(
              request, Safetensors.overhead(spec.layout()) + Double.BYTES * spec.parameters());
      case OCTETS -> {
        long length = request.getContentLengthLong();
        if (Body.coding(request) == Coding.IDENTITY
            && length >= 0
            && length != spec.vectorBytes()) {
          throw VectorIntake.wrongLength(spec.vectorBytes(), length);
        }
        yield Body.limited(request, spec.vectorBytes() + SLACK);
      }
    };
  }
}
