package io.fedstep.web;

import io.fedstep.codec.KnownFormats;
import io.fedstep.codec.VectorFormat;
import io.fedstep.codec.VectorIntake;
import io.fedstep.model.ModelSpec;
import io.fedstep.wire.Body;
import io.fedstep.wire.Coding;
import io.fedstep.wire.TurnedBody;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.io.InputStream;

/** A vector as the body of a request: its readers, and how many bytes it may take on the wire. */
final class VectorBody {
  /** What a body may hold beside the numbers. */
  static final long SLACK = 1 << 20;

  /** The longest number has 24 characters; the rest is for separators and indentation. */
  private static final long BYTES_PER_VALUE = 64;

  /** A reader of JSON, which may hold more than the vector. */
  interface JsonReader {
    void read(InputStream in, VectorIntake intake) throws IOException;
  }

  private VectorBody() {}

  /** Reads the body; a length that cannot be is refused before any is read. */
  static void read(
      HttpServletRequest request,
      ModelSpec spec,
      Representation form,
      JsonReader json,
      VectorIntake intake)
      throws IOException {
    VectorFormat format = form.format();
    if (format == null) {
      json.read(Body.limited(request, SLACK + BYTES_PER_VALUE * spec.parameters()), intake);
      return;
    }
    QueriedUpdate.checkPartial(format, intake.isPartial());
    if (format.equals(KnownFormats.OCTETS)) {
      checkLength(request, spec);
    }
    InputStream limited = Body.limited(request, format.mostBytes().applyAsLong(spec));
    format
        .reader()
        .read(
            format.equals(KnownFormats.SAFETENSORS) ? turned(limited, request, intake) : limited,
            intake);
  }

  /** The body, read in turns once its header says that it is encoded. */
  private static InputStream turned(
      InputStream limited, HttpServletRequest request, VectorIntake intake) {
    var body = new TurnedBody(limited, request);
    intake.whenEncoded(body::takeTurns);
    return body;
  }

  private static void checkLength(HttpServletRequest request, ModelSpec spec) {
    long length = request.getContentLengthLong();
    if (Body.coding(request) == Coding.IDENTITY && length >= 0 && length != spec.vectorBytes()) {
      throw VectorIntake.wrongLength(spec.vectorBytes(), length);
    }
  }
}
