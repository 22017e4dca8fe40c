package io.fedstep.web;

import io.fedstep.codec.VectorSource;
import io.fedstep.codec.VectorWriter;
import io.fedstep.model.ModelSpec;
import io.fedstep.store.VectorFile;
import io.fedstep.vector.Tile;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.OutputStream;
import org.jspecify.annotations.Nullable;

/**
 * A vector as the answer to a GET or HEAD.
 *
 * @param key under which JSON shows it
 * @param file its values, or null for zeros
 */
record VectorAnswer(String key, long version, ModelSpec spec, @Nullable VectorFile file) {
  /** The fields that every answer about a vector has, 304 included. */
  static void head(HttpServletResponse response, String etag, long version) {
    response.setHeader("ETag", etag);
    response.setHeader("Vary", "Accept, Accept-Encoding");
    response.setHeader("Cache-Control", "no-cache");
    response.setHeader("Fedstep-Version", Long.toString(version));
  }

  /** Sends the vector. */
  void send(Representation representation, HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    response.setContentType(representation.type());
    if (representation == Representation.OCTETS) {
      response.setContentLengthLong(spec.vectorBytes());
    }
    if (request.getMethod().equals("HEAD")) {
      return;
    }
    OutputStream out = response.getOutputStream();
    switch (representation) {
      case JSON -> VectorWriter.write(out, key, version, spec, source());
      case OCTETS -> {
        if (file != null) {
          file.transferTo(out);
        } else {
          zeros(out);
        }
      }
    }
  }

  private VectorSource source() {
    return file != null ? file : (long _, Tile into) -> into.clear();
  }

  private void zeros(OutputStream out) throws IOException {
    byte[] piece = new byte[(int) Math.min(64 * 1024, spec.vectorBytes())];
    for (long rest = spec.vectorBytes(); rest > 0; rest -= piece.length) {
      out.write(piece, 0, (int) Math.min(piece.length, rest));
    }
  }
}
