package io.fedstep.codec;

import java.util.List;

/** The formats of vectors as bytes; JSON is beside them, since it has more than the vector. */
public final class KnownFormats {
  /** What a body may have beside the values. */
  private static final long SLACK = 1 << 20;

  /** The values alone, in the model's dtype. */
  public static final VectorFormat OCTETS =
      new VectorFormat(
          "application/octet-stream",
          "",
          spec -> SLACK + spec.vectorBytes(),
          (in, intake) -> intake.readOctets(in),
          _ -> new byte[0]);

  /** NumPy's {@code .npy}, in any number format. */
  private static final VectorFormat NPY =
      new VectorFormat(
          "application/x-npy",
          ".npy",
          spec -> SLACK + Double.BYTES * spec.parameters(),
          Npy::read,
          Npy::head);

  /** safetensors, in any number format. */
  public static final VectorFormat SAFETENSORS =
      new VectorFormat(
          "application/x-safetensors",
          ".safetensors",
          spec -> Safetensors.overhead(spec.layout()) + Double.BYTES * spec.parameters(),
          Safetensors::read,
          Safetensors::head);

  /** All of them; what is asked for without a media type is the first. */
  public static final List<VectorFormat> ALL = List.of(OCTETS, NPY, SAFETENSORS);

  private KnownFormats() {}
}
