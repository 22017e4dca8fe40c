package io.fedstep.codec;

import io.fedstep.model.ModelSpec;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.problem.RefusedException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import tools.jackson.databind.node.ObjectNode;

/**
 * What the body of a creation asks for.
 *
 * @param spec of the model
 * @param metadata that people keep beside it
 */
public record NewSpec(ModelSpec spec, Metadata metadata) {
  /** Without metadata. */
  public static NewSpec of(ModelSpec spec) {
    return new NewSpec(spec, Metadata.NONE);
  }

  /** Reads a body; a {@code RefusedException} names what is wrong with it. */
  public static NewSpec read(InputStream in) {
    byte[] body = bytes(in);
    ObjectNode json = json(body);
    Metadata metadata = Metadata.NONE;
    if (json.has(Metadata.KEY)) {
      metadata = Metadata.member(body);
      json.remove(Metadata.KEY);
    }
    return new NewSpec(SpecCodec.read(json), metadata);
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
