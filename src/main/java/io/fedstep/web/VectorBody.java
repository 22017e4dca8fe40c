package io.fedstep.web;

import io.fedstep.codec.VectorIntake;
import io.fedstep.model.ModelSpec;
import jakarta.servlet.http.HttpServletRequest;
import java.io.InputStream;

/** How many bytes a vector may take on the wire. */
final class VectorBody {
  /** What JSON may hold beside the numbers. */
  static final long SLACK = 1 << 20;

  /** The longest number has 24 characters; the rest is for separators and indentation. */
  private static final long BYTES_PER_VALUE = 64;

  private VectorBody() {}

  /** The body's bytes; a length that cannot be is refused before any is read. */
  static InputStream open(HttpServletRequest request, ModelSpec spec, boolean json) {
    if (json) {
      return Body.limited(request, SLACK + BYTES_PER_VALUE * spec.parameters());
    }
    long length = request.getContentLengthLong();
    if (length >= 0 && length != spec.vectorBytes()) {
      throw VectorIntake.wrongLength(spec.vectorBytes(), length);
    }
    return Body.limited(request, spec.vectorBytes() + SLACK);
  }
}
