package io.fedstep.codec;

import io.fedstep.vector.Tensor;
import io.fedstep.vector.TensorLayout;
import java.io.IOException;
import java.io.InputStream;
import java.util.Collection;
import java.util.List;

/**
 * How tensors of a safetensors body are encoded. The parts of a tensor {@code T}, entries {@code
 * T:part} of their own, are decoded as they come; what one part has to wait for is held, at most an
 * eighth of the row.
 */
sealed interface Encoding permits Int8, Eden, TopK {
  /** The name that a receipt has. */
  String label();

  /** The parts of an encoded tensor. */
  List<String> parts();

  /** Whether they come in that order. */
  boolean isOrdered();

  /** A decoder of the tensor that is number {@code number} in the spec. */
  Decoder decoder(Tensor tensor, int number);

  /** Checks what holds for all encoded tensors together; every part of each has been checked. */
  default void check(Collection<Decoder> decoders, TensorLayout layout) {}

  /** What makes one tensor of its parts. */
  interface Decoder {
    /** Refuses a part's entry that has not the dtype and shape of this tensor's. */
    void check(String part, Entry entry);

    /** Reads a part, at whose first byte the body is. */
    void read(String part, Entry entry, InputStream in, VectorIntake intake) throws IOException;
  }
}
