package io.fedstep.client;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/**
 * Weights of a model as they came last in some dtype, from which newer ones are made that come as
 * what differs (RFC 3229).
 */
final class LastBits {
  private static final int CHANGED = 226;
  private static final int NOT_MODIFIED = 304;

  private volatile @Nullable Bits last;

  /**
   * Weights as they came.
   *
   * @param tag the entity tag, with its quotes, without coding
   * @param dtype that was asked for
   * @param own that they came in
   * @param values the flat vector, which nobody changes
   */
  @SuppressWarnings("ArrayRecordComponent") // as large as a model: handed over, not compared
  record Bits(String tag, Download dtype, Download own, byte[] values) {
    /** The tag of the content. */
    String base() {
      int end = tag.indexOf('.');
      return tag.substring(1, end < 0 ? tag.length() - 1 : end);
    }
  }

  /**
   * The bits of which what differs would be of use, or null.
   *
   * @param base of the weights that the caller has; null for whatever there is
   */
  @Nullable Bits usable(Download dtype, @Nullable String base) {
    Bits bits = last;
    boolean fits =
        bits != null && bits.dtype() == dtype && (base == null || base.equals(bits.base()));
    return fits ? bits : null;
  }

  /** The fields that ask for weights in a dtype, if need be whole. */
  static Map<String, String> fields(Download dtype, @Nullable Bits known, @Nullable String base) {
    var fields = new TreeMap<String, String>();
    fields.put(
        "Accept",
        "%s;dtype=%s, %s;q=0.5".formatted(Body.SAFETENSORS, dtype.label(), Body.SAFETENSORS));
    if (known != null) {
      fields.put("If-None-Match", known.tag());
      fields.put("A-IM", "xor");
      // what comes whole can go on where it breaks off, unless it is compressed
      fields.put("Accept-Encoding", "identity, gzip;q=0.5");
    } else if (base != null) {
      fields.put("If-None-Match", "\"" + base + "\"");
    }
    return fields;
  }

  /** The weights of an answer, in the model's dtype; their bits are the last from now on. */
  Weights read(Answer answer, Download dtype, @Nullable Bits known, Layout layout)
      throws IOException {
    Bits bits =
        switch (answer.status()) {
          case NOT_MODIFIED -> known;
          case CHANGED -> changed(answer, known);
          default -> whole(answer, dtype, layout);
        };
    if (bits == null) {
      throw new Loss.FinalLossException(
          answer.uri() + " gave what differs from something else", null);
    }
    last = bits;
    return new Weights(
        Long.parseLong(answer.header("Fedstep-Version")),
        bits.base(),
        answer.isStopped(),
        widened(bits, layout.dtype()));
  }

  private static Bits whole(Answer answer, Download dtype, Layout layout) throws IOException {
    boolean isHalf = answer.headers().firstValue("Content-Type").orElse("").contains("dtype=");
    Download own = isHalf ? dtype : layout.dtype();
    ByteBuffer values = Tensors.values(answer.body());
    if (values == null || values.remaining() != (long) layout.size() * own.width()) {
      throw new IOException(answer.uri() + " gave weights that end early");
    }
    byte[] bytes = new byte[values.remaining()];
    values.get(bytes);
    return new Bits(answer.header("ETag"), dtype, own, bytes);
  }

  /** Reads planes: the first byte of what differs in every value, then the second. */
  private static @Nullable Bits changed(Answer answer, @Nullable Bits known) throws IOException {
    if (known == null || !answer.header("Delta-Base").equals(known.tag())) {
      return null;
    }
    byte[] values = known.values().clone();
    int width = known.own().width();
    byte[] plane = new byte[values.length / width];
    try (InputStream in = new GZIPInputStream(new ByteArrayInputStream(answer.body()))) {
      for (int number = 0; number < width; number++) {
        if (in.readNBytes(plane, 0, plane.length) < plane.length) {
          throw new IOException(answer.uri() + " gave a difference that ends early");
        }
        for (int i = 0, k = number; i < plane.length; i++, k += width) {
          values[k] ^= plane[i];
        }
      }
    }
    return new Bits(answer.header("ETag"), known.dtype(), known.own(), values);
  }

  private static byte[] widened(Bits bits, Download to) {
    if (bits.own() == to) {
      return bits.values().clone(); // whoever trains may change them
    }
    ByteBuffer from = ByteBuffer.wrap(bits.values()).order(ByteOrder.LITTLE_ENDIAN);
    byte[] wide = new byte[bits.values().length / bits.own().width() * to.width()];
    ByteBuffer into = ByteBuffer.wrap(wide).order(ByteOrder.LITTLE_ENDIAN);
    while (from.hasRemaining()) {
      to.put(bits.own().next(from), into);
    }
    return wide;
  }
}
