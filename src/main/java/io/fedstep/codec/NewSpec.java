package io.fedstep.codec;

import io.fedstep.model.ModelSpec;

/**
 * A model that is to be created.
 *
 * @param spec of the model
 * @param metadata that people keep beside it
 */
public record NewSpec(ModelSpec spec, Metadata metadata) implements ModelRequest {
  /** Without metadata. */
  public static NewSpec of(ModelSpec spec) {
    return new NewSpec(spec, Metadata.NONE);
  }
}
