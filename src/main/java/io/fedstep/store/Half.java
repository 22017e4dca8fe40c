package io.fedstep.store;

import io.fedstep.codec.HalfFormat;
import io.fedstep.codec.Safetensors;
import io.fedstep.model.ModelSpec;
import java.io.IOException;
import java.io.OutputStream;

/** A version's weights in a format of fewer bytes, as far as there are such. */
public sealed interface Half {
  /** A whole file of safetensors; to be closed. */
  record There(VersionBytes bytes) implements Half {}

  /**
   * The weights have no such form.
   *
   * @param index of the first finite value that would become infinite
   */
  record Beyond(long index) implements Half {}

  /** How the bytes are computed for the request that asks first. */
  @FunctionalInterface
  interface Making {
    /** Has the content written; closes {@code to}. */
    void make(KeptAnswers.Computation content, OutputStream to) throws IOException;
  }

  /** Of weights that are zeros. */
  static Half ofZeros(ModelSpec spec, HalfFormat format) {
    return new There(
        new Headed(
            Safetensors.head(spec, format), Repeated.zeros(spec.parameters() * format.width())));
  }
}
