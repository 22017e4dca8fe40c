package io.fedstep.codec;

import io.fedstep.model.ModelSpec;
import java.io.IOException;
import java.io.InputStream;
import java.util.function.Function;
import java.util.function.ToLongFunction;

/**
 * A form in which the flat vector of a model comes and goes as bytes: what is in front of the
 * values, and its reader. They are in the list of {@link KnownFormats}.
 *
 * @param mediaType by which it is known
 * @param suffix of the names of files and tags, with its point
 * @param mostBytes the most that a body with a vector of a model may have
 * @param reader of bodies
 * @param head the bytes in front of the little-endian values, in answers
 */
public record VectorFormat(
    String mediaType,
    String suffix,
    ToLongFunction<ModelSpec> mostBytes,
    Reader reader,
    Function<ModelSpec, byte[]> head) {
  /** Reads vectors. */
  @FunctionalInterface
  public interface Reader {
    /**
     * Reads a whole body into the intake of a vector; a {@code RefusedException} says what is not
     * of the format.
     */
    void read(InputStream in, VectorIntake intake) throws IOException;
  }
}
