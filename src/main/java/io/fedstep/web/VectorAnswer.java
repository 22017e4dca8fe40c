package io.fedstep.web;

import io.fedstep.codec.KnownFormats;
import io.fedstep.codec.Safetensors;
import io.fedstep.codec.VectorFormat;
import io.fedstep.codec.VectorWriter;
import io.fedstep.model.ModelSpec;
import io.fedstep.store.FileRange;
import io.fedstep.store.Headed;
import io.fedstep.store.VersionBytes;
import io.fedstep.store.Zeros;
import io.fedstep.vector.Tile;
import io.fedstep.wire.AnswerHead;
import io.fedstep.wire.Download;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/**
 * A vector as the answer to a GET or HEAD.
 *
 * @param key under which JSON shows it
 * @param bytes its values, closed once they are sent
 */
record VectorAnswer(String key, AnswerHead head, ModelSpec spec, VersionBytes bytes) {
  /** Bytes of text for each byte of a value at most, but for names and much nesting. */
  private static final int MOST_TEXT = 5;

  /** Sends the vector. */
  void send(Representation representation, HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    VectorFormat format = representation.format();
    if (format == null) {
      sendJson(request, response);
    } else {
      new Download(head, representation.type(), as(format)).send(request, response);
    }
  }

  /** What is stored, if it is, is a whole file of safetensors already. */
  private VersionBytes as(VectorFormat format) {
    if (format.equals(KnownFormats.SAFETENSORS) && bytes instanceof FileRange file) {
      return file.whole();
    }
    byte[] before =
        format.equals(KnownFormats.SAFETENSORS) && bytes instanceof Zeros zeros && zeros.isBare()
            ? Safetensors.bareHead(spec)
            : format.head().apply(spec);
    return before.length == 0 ? bytes : new Headed(before, bytes);
  }

  private void sendJson(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    try (bytes) {
      head.send(
          request,
          response,
          Representation.JSON.type(),
          bytes.length(),
          MOST_TEXT * bytes.length(),
          out -> VectorWriter.write(out, key, head.version(), spec, this::read));
    }
  }

  private void read(long index, Tile into) {
    int width = spec.dtype().bytes();
    byte[] values = new byte[into.length() * width];
    bytes.read(index * width, ByteBuffer.wrap(values));
    into.read(MemorySegment.ofArray(values), 0);
  }
}
