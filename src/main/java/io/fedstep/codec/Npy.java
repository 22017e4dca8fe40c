package io.fedstep.codec;

import io.fedstep.model.ModelSpec;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.problem.RefusedException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One-dimensional {@code .npy} files of formats 1 to 3: a magic, the header's length, a Python dict
 * and the values in either byte order.
 */
public final class Npy {
  private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};

  /** Magic, version and the header's length. */
  private static final int PREFIX = 10;

  /** Of the values in the file, as NumPy writes it. */
  private static final int ALIGNMENT = 64;

  private static final int MAX_HEADER = 1 << 16;
  private static final String ENTRY =
      "\\s*+(?:'descr'\\s*+:\\s*+'[^']*+'|'fortran_order'\\s*+:\\s*+(?:True|False)"
          + "|'shape'\\s*+:\\s*+\\([0-9, ]*+\\))\\s*+";
  private static final Pattern DICT =
      Pattern.compile("\\{" + ENTRY + "," + ENTRY + "," + ENTRY + "(?:,\\s*+)?\\}\\s*+");
  private static final Pattern DESCR = Pattern.compile("'descr'\\s*+:\\s*+'([^']*+)'");
  private static final Pattern ORDER = Pattern.compile("'fortran_order'");
  private static final Pattern SHAPE = Pattern.compile("'shape'\\s*+:\\s*+\\(([0-9, ]*+)\\)");
  private static final Pattern ONE = Pattern.compile(" *+([0-9]{1,18}) *+, *+");

  private Npy() {}

  /** Reads a whole file into the intake of a vector. */
  public static void read(InputStream in, VectorIntake intake) throws IOException {
    String header = header(in);
    Matcher descr = DESCR.matcher(header);
    Matcher shape = SHAPE.matcher(header);
    if (!DICT.matcher(header).matches()
        || !descr.find()
        || !shape.find()
        || !ORDER.matcher(header).find()) {
      throw Json.malformed(
          "The .npy header is not a dict of 'descr', 'fortran_order' and 'shape'.");
    }
    String type = descr.group(1);
    NumberFormat format =
        switch (type) {
          case "<f2", ">f2" -> NumberFormat.F16;
          case "<f4", ">f4" -> NumberFormat.F32;
          case "<f8", ">f8" -> NumberFormat.F64;
          default ->
              throw wrongShape("The .npy dtype '%s' is none of f2, f4 and f8.".formatted(type));
        };
    long size = intake.layout().size();
    Matcher one = ONE.matcher(shape.group(1));
    if (!one.matches()) {
      throw wrongShape(
          "The .npy shape (%s) is not one-dimensional; (%s,) is.".formatted(shape.group(1), size));
    }
    long count = Long.parseLong(one.group(1));
    if (count != size) {
      throw Refusal.of(
              Problem.WRONG_LENGTH,
              "The vector has %s values, but the .npy shape says %s.".formatted(size, count))
          .with("expected", size)
          .with("actual", count)
          .exception();
    }
    ByteOrder order = type.charAt(0) == '<' ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN;
    format.read(in, order, intake, 0, size, "The .npy file's vector");
    if (in.read() >= 0) {
      throw Json.malformed("There is more behind the .npy values.");
    }
  }

  /** The bytes before the flat vector of a model. */
  public static byte[] head(ModelSpec spec) {
    String type =
        switch (spec.dtype()) {
          case FLOAT32 -> "<f4";
          case FLOAT64 -> "<f8";
        };
    String dict =
        "{'descr': '%s', 'fortran_order': False, 'shape': (%s,), }"
            .formatted(type, spec.parameters());
    int length = (PREFIX + dict.length() + 1 + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    byte[] head = new byte[length];
    Arrays.fill(head, (byte) ' ');
    head[length - 1] = '\n';
    ByteBuffer.wrap(head)
        .order(ByteOrder.LITTLE_ENDIAN)
        .put(MAGIC)
        .put((byte) 1)
        .put((byte) 0)
        .putShort((short) (length - PREFIX))
        .put(dict.getBytes(StandardCharsets.ISO_8859_1));
    return head;
  }

  private static String header(InputStream in) throws IOException {
    byte[] start = exactly(in, 8);
    if (!Arrays.equals(start, 0, MAGIC.length, MAGIC, 0, MAGIC.length)
        || start[6] < 1
        || start[6] > 3
        || start[7] != 0) {
      throw Json.malformed("The body does not begin as .npy of format 1.0, 2.0 or 3.0 does.");
    }
    byte[] size = Arrays.copyOf(exactly(in, start[6] == 1 ? 2 : 4), 4);
    int length = ByteBuffer.wrap(size).order(ByteOrder.LITTLE_ENDIAN).getInt();
    if (length < 0 || length > MAX_HEADER) {
      throw Json.malformed("The .npy header has more than %s bytes.".formatted(MAX_HEADER));
    }
    return new String(exactly(in, length), StandardCharsets.ISO_8859_1);
  }

  private static byte[] exactly(InputStream in, int length) throws IOException {
    byte[] bytes = in.readNBytes(length);
    if (bytes.length < length) {
      throw Json.malformed("The .npy header is cut short.");
    }
    return bytes;
  }

  private static RefusedException wrongShape(String detail) {
    return Refusal.of(Problem.WRONG_SHAPE, detail).exception();
  }
}
