package io.fedstep.codec;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.fedstep.model.ModelSpec;
import io.fedstep.optim.OptiModule;
import io.fedstep.optim.StateEntry;
import io.fedstep.vector.Dtype;
import io.fedstep.vector.Range;
import io.fedstep.vector.Tensor;
import io.fedstep.vector.TensorLayout;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The module state as declearn 2.4 writes it by {@code json.dumps(optimizer.get_state(),
 * default=json_pack)}, byte for byte.
 *
 * <p>Its vectors are of the stepped tensors alone, and so are their coordinates here.
 *
 * <p>A value has a fixed number of hex digits, so everything has its place before any value is
 * known: ranges are written and read in any order, and by several threads.
 */
public final class StateDocument {
  /** Digits of the largest number of steps, and one more that is none. */
  private static final int MOST_DIGITS = 20;

  private final ModelSpec spec;
  private final TensorLayout layout;
  private final List<Long> taken = new ArrayList<>();
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

  /** Gives the number of steps that is to be, or is, at a place. */
  private interface Steps {
    long at(int module, long offset);
  }

  /**
   * The document of a model's optimizer once it has taken a step.
   *
   * @param taken for each module how many steps it has taken, if it counts them
   */
  public StateDocument(ModelSpec spec, List<Long> taken) {
    this(spec, (module, _) -> taken.get(module));
  }

  private StateDocument(ModelSpec spec, Steps steps) {
    this.spec = spec;
    layout = spec.layout().stepped();
    text.append("{\"modules\": [");
    String between = "";
    for (OptiModule module : spec.optimizer().modules()) {
      text.append(between).append("[\"").append(module.name()).append("\", ");
      taken.add(0L);
      entries(module.state(), steps);
      text.append("]");
      between = ", ";
    }
    text.append("]}");
    literal();
  }

  /** The document that is in a file, as far as its numbers of steps tell. */
  public static StateDocument in(Access file, ModelSpec spec) {
    return new StateDocument(spec, (_, offset) -> number(file, offset));
  }

  private static long number(Access file, long offset) {
    var digits = ByteBuffer.allocate(MOST_DIGITS);
    file.at(offset, digits);
    long number = 0;
    for (int i = 0; i < MOST_DIGITS - 1; i++) {
      int digit = digits.get(i) - '0';
      if (digit < 0 || digit > 9) {
        return number;
      }
      number = 10 * number + digit;
    }
    return 0; // as no server writes it
  }

  private void entries(List<StateEntry> entries, Steps steps) {
    text.append('{');
    String between = "";
    for (StateEntry entry : entries) {
      text.append(between).append('"').append(entry.key()).append("\": ");
      switch (entry) {
        case StateEntry.Values _ -> vector();
        case StateEntry.Steps _ -> {
          int module = taken.size() - 1;
          taken.set(module, steps.at(module, position + text.length()));
          text.append(taken.get(module));
        }
        case StateEntry.Nothing _ -> text.append("null");
        case StateEntry.Group group -> entries(group.entries(), steps);
      }
      between = ", ";
    }
    text.append('}');
  }

  private void vector() {
    text.append("{\"__type__\": \"NumpyVector\", \"dump\": {");
    long[] offsets = new long[layout.tensors().size()];
    for (int i = 0; i < offsets.length; i++) {
      Tensor tensor = layout.tensors().get(i);
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

  /** The document before the first step. */
  public static byte[] initial(List<OptiModule> modules) {
    return modules.stream()
        .map(module -> "[\"%s\", %s]".formatted(module.name(), initialEntries(module.state())))
        .collect(Collectors.joining(", ", "{\"modules\": [", "]}"))
        .getBytes(US_ASCII);
  }

  private static String initialEntries(List<StateEntry> entries) {
    return entries.stream()
        .map(entry -> "\"%s\": %s".formatted(entry.key(), initial(entry)))
        .collect(Collectors.joining(", ", "{", "}"));
  }

  private static String initial(StateEntry entry) {
    return switch (entry) {
      case StateEntry.Values values -> values.late() ? "null" : "0.0";
      case StateEntry.Steps _ -> "0";
      case StateEntry.Nothing _ -> "null";
      case StateEntry.Group group -> initialEntries(group.entries());
    };
  }

  /** For each module how many steps it has taken, if it counts them; otherwise 0. */
  public List<Long> steps() {
    return List.copyOf(taken);
  }

  /** The length in bytes of a model's document, a few digits more or less. */
  public static long length(ModelSpec spec) {
    return new StateDocument(spec, (_, _) -> 0).length();
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

  /** A part of a range that lies in one tensor. */
  interface Part {
    /**
     * Takes the part.
     *
     * @param offset where its hex begins in the document
     * @param from how many values of the range are before it
     */
    void at(long offset, int from, int count);
  }

  /** Cuts a range of a state vector at the tensors' ends. */
  void overTensors(int vector, Range range, Part part) {
    long[] offsets = places.get(vector);
    List<Tensor> tensors = layout.tensors();
    int i = layout.indexAt(range.from());
    for (long index = range.from(); index < range.end(); i++) {
      Tensor tensor = tensors.get(i);
      int count = (int) (Math.min(tensor.end(), range.end()) - index);
      long offset = offsets[i] + 2 * (index - tensor.offset()) * spec.dtype().bytes();
      part.at(offset, (int) (index - range.from()), count);
      index += count;
    }
  }

  /** The number format of the values. */
  Dtype dtype() {
    return spec.dtype();
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
        default ->
            quoted.append(c >= ' ' && c <= '~' ? c : "\\u" + HexFormat.of().toHexDigits((char) c));
      }
    }
    return quoted.append('"').toString();
  }
}
