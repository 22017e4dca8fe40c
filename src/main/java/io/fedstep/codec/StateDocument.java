package io.fedstep.codec;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.fedstep.model.ModelSpec;
import io.fedstep.optim.OptiModule;
import io.fedstep.vector.Range;
import io.fedstep.vector.Tensor;
import io.fedstep.vector.Tile;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The module state as declearn 2.4 writes it by {@code json.dumps(optimizer.get_state(),
 * default=json_pack)}, byte for byte.
 *
 * <p>A value has a fixed number of hex digits, so everything has its place before any value is
 * known: ranges are written and read in any order, and by several threads.
 */
public final class StateDocument {
  private final ModelSpec spec;
  private final List<Literal> literals = new ArrayList<>();
  private final List<long[]> places = new ArrayList<>();
  private final StringBuilder text = new StringBuilder();
  private long position;

  /** Text between values, and where it is. */
  private record Literal(long offset, String text) {
    ByteBuffer bytes() {
      return ByteBuffer.wrap(text.getBytes(US_ASCII));
    }
  }

  /** Bytes to be written at, or read from, a place of the document. */
  public interface Access {
    /** Reads or writes the whole buffer at {@code offset}. */
    void at(long offset, ByteBuffer bytes);
  }

  /** The document of a model's optimizer once it has taken a step. */
  public StateDocument(ModelSpec spec) {
    this.spec = spec;
    text.append("{\"modules\": [");
    String between = "";
    for (OptiModule module : spec.optimizer().modules()) {
      text.append(between).append("[\"").append(module.name()).append("\", {");
      String betweenKeys = "";
      for (String key : module.stateKeys()) {
        text.append(betweenKeys).append('"').append(key).append("\": ");
        vector();
        betweenKeys = ", ";
      }
      text.append("}]");
      between = ", ";
    }
    text.append("]}");
    literal();
  }

  private void vector() {
    text.append("{\"__type__\": \"NumpyVector\", \"dump\": {");
    long[] offsets = new long[spec.layout().tensors().size()];
    for (int i = 0; i < offsets.length; i++) {
      Tensor tensor = spec.layout().tensors().get(i);
      text.append(i == 0 ? "" : ", ").append(quoted(tensor.name()));
      text.append(": {\"__type__\": \"np.ndarray\", \"dump\": [\"");
      literal();
      offsets[i] = position;
      position += 2 * tensor.size() * spec.dtype().bytes();
      text.append("\", \"").append(PackedVector.letter(spec.dtype())).append("\", ");
      text.append(tensor.shape()).append("]}"); // a List prints as Python's list does
    }
    text.append("}}");
    places.add(offsets);
  }

  private void literal() {
    literals.add(new Literal(position, text.toString()));
    position += text.length();
    text.setLength(0);
  }

  /** The document before the first step: zeros, which declearn writes as {@code 0.0}. */
  public static byte[] initial(List<OptiModule> modules) {
    return modules.stream()
        .map(module ->
            module.stateKeys().stream()
                .map(key -> "\"%s\": 0.0".formatted(key))
                .collect(Collectors.joining(", ", "[\"%s\", {".formatted(module.name()), "}]")))
        .collect(Collectors.joining(", ", "{\"modules\": [", "]}"))
        .getBytes(US_ASCII);
  }

  /** The whole length in bytes. */
  public long length() {
    return position;
  }

  /** The number of state vectors of all modules. */
  public int vectors() {
    return places.size();
  }

  /** Writes everything that is not a value. */
  public void writeText(Access file) {
    literals.forEach(literal -> file.at(literal.offset, literal.bytes()));
  }

  /** Checks everything that is not a value; false where the document is another. */
  public boolean matchesText(Access file) {
    for (Literal literal : literals) {
      var found = ByteBuffer.allocate(literal.text.length());
      file.at(literal.offset, found);
      if (!found.flip().equals(literal.bytes())) {
        return false;
      }
    }
    return true;
  }

  /** Writes a range of a state vector. */
  public void write(Access file, int vector, Range range, Tile values) {
    int width = spec.dtype().bytes();
    byte[] bytes = new byte[range.length() * width];
    values.write(MemorySegment.ofArray(bytes), 0);
    write(file, vector, range.from(), bytes, bytes.length);
  }

  /** Writes little-endian bytes as the values of a state vector from {@code index} on. */
  public void write(Access file, int vector, long index, byte[] bytes, int length) {
    byte[] digits = new byte[2 * length];
    int width = spec.dtype().bytes();
    overTensors(
        vector,
        new Range(index, length / width),
        (offset, from, count) -> {
          Hex.encode(bytes, from * width, count * width, digits);
          file.at(offset, ByteBuffer.wrap(digits, 0, 2 * count * width));
        });
  }

  /** Reads a range of a state vector; false where it is not hex. */
  public boolean read(Access file, int vector, Range range, Tile into) {
    int width = spec.dtype().bytes();
    byte[] bytes = new byte[range.length() * width];
    byte[] digits = new byte[2 * bytes.length];
    boolean[] hex = {true};
    overTensors(
        vector,
        range,
        (offset, from, count) -> {
          file.at(offset, ByteBuffer.wrap(digits, 0, 2 * count * width));
          hex[0] &= Hex.decode(digits, 0, count * width, bytes, from * width);
        });
    into.read(MemorySegment.ofArray(bytes), 0);
    return hex[0];
  }

  /** A part of a range that lies in one tensor. */
  private interface Part {
    void at(long offset, int from, int count);
  }

  private void overTensors(int vector, Range range, Part part) {
    long[] offsets = places.get(vector);
    List<Tensor> tensors = spec.layout().tensors();
    int i = spec.layout().indexAt(range.from());
    for (long index = range.from(); index < range.end(); i++) {
      Tensor tensor = tensors.get(i);
      int count = (int) (Math.min(tensor.end(), range.end()) - index);
      long offset = offsets[i] + 2 * (index - tensor.offset()) * spec.dtype().bytes();
      part.at(offset, (int) (index - range.from()), count);
      index += count;
    }
  }

  /** A string as Python's {@code json.dumps} writes it: everything but printable ASCII escaped. */
  static String quoted(String string) {
    var quoted = new StringBuilder("\"");
    for (int i = 0; i < string.length(); i++) {
      char c = string.charAt(i);
      switch (c) {
        case '"' -> quoted.append("\\\"");
        case '\\' -> quoted.append("\\\\");
        case '\n' -> quoted.append("\\n");
        case '\r' -> quoted.append("\\r");
        case '\t' -> quoted.append("\\t");
        case '\b' -> quoted.append("\\b");
        case '\f' -> quoted.append("\\f");
        default -> quoted.append(c >= ' ' && c <= '~' ? c : "\\u%04x".formatted((int) c));
      }
    }
    return quoted.append('"').toString();
  }
}
