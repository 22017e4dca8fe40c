package io.fedstep.codec;

import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.problem.RefusedException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/** The body of a creation. */
public final class ModelBody {
  private ModelBody() {}

  /** Reads a body; a {@code RefusedException} names what is wrong with it. */
  public static ModelRequest read(InputStream in) {
    byte[] body = bytes(in);
    ObjectNode json = json(body);
    @Nullable Metadata metadata = null;
    if (json.has(Metadata.KEY)) {
      metadata = Metadata.member(body);
      json.remove(Metadata.KEY);
    }
    return json.has(CopySpec.FROM)
        ? CopySpec.of(json, metadata)
        : new NewSpec(SpecCodec.read(json), metadata == null ? Metadata.NONE : metadata);
  }

  private static byte[] bytes(InputStream in) {
    try {
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Half a surrogate pair in it is no text that can be a name. */
  private static ObjectNode json(byte[] body) {
    try {
      return Json.readObject(new ByteArrayInputStream(body));
    } catch (RefusedException e) {
      String detail = e.refusal().detail();
      throw detail.contains("surrogate") ? Refusal.of(Problem.BAD_SPEC, detail).exception() : e;
    }
  }
}
