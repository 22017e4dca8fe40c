package io.fedstep.codec;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.util.stream.Collectors.joining;

import io.fedstep.model.ModelSpec;
import io.fedstep.model.Name;
import io.fedstep.optim.OptiModule;
import io.fedstep.optim.ScaffoldServer;
import io.fedstep.optim.StateEntry;
import io.fedstep.optim.Tally;
import io.fedstep.vector.Dtype;
import io.fedstep.vector.Range;
import io.fedstep.vector.Tensor;
import io.fedstep.vector.TensorLayout;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

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
  /** In the place of a vector that is not there yet. */
  private static final String NO_VECTOR = "0.0";

  private final ModelSpec spec;
  private final TensorLayout layout;
  private final List<Long> taken = new ArrayList<>();
  private List<String> clients = List.of();
  private final List<Literal> literals = new ArrayList<>();
  private final List<long @Nullable []> places = new ArrayList<>();
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

  /** Gives what is to be, or is, at a place beside the vectors. */
  private interface Beside {
    long steps(int module, long offset);

    /** Whether the vector of a module with clients is there. */
    boolean hasVector(long offset);

    List<String> clients(long offset);
  }

  /** The document of a model's optimizer once it has taken a step. */
  public StateDocument(ModelSpec spec, Tally tally) {
    this(spec, beside(tally, !tally.clients().isEmpty()));
  }

  /** A document with all vectors there are, in which others wait for its tally. */
  public static StateDocument full(ModelSpec spec) {
    return new StateDocument(spec, beside(Tally.none(spec.optimizer().modules()), true));
  }

  private StateDocument(ModelSpec spec, Beside beside) {
    this.spec = spec;
    layout = spec.layout().stepped();
    text.append("{\"modules\": [");
    String between = "";
    for (OptiModule module : spec.optimizer().modules()) {
      text.append(between).append("[\"").append(module.name()).append("\", ");
      taken.add(0L);
      entries(module.state(), beside);
      text.append("]");
      between = ", ";
    }
    text.append("]}");
    literal();
  }

  private static Beside beside(Tally tally, boolean hasVector) {
    return new Beside() {
      @Override
      public long steps(int module, long offset) {
        return tally.steps().get(module);
      }

      @Override
      public boolean hasVector(long offset) {
        return hasVector;
      }

      @Override
      public List<String> clients(long offset) {
        return tally.clients();
      }
    };
  }

  /** The document that is in a file of {@code size} bytes, as far as what it has beside values. */
  public static StateDocument in(Access file, long size, ModelSpec spec) {
    var text = new StateText(file::at, size);
    return new StateDocument(
        spec,
        new Beside() {
          @Override
          public long steps(int module, long offset) {
            return text.number(offset);
          }

          @Override
          public boolean hasVector(long offset) {
            return text.at(offset) == '{';
          }

          @Override
          public List<String> clients(long offset) {
            return text.strings(offset);
          }
        });
  }

  private void entries(List<StateEntry> entries, Beside beside) {
    text.append('{');
    String between = "";
    for (StateEntry entry : entries) {
      text.append(between).append('"').append(entry.key()).append("\": ");
      long offset = position + text.length();
      switch (entry) {
        case StateEntry.Values values -> {
          if (values.ofClients() && !beside.hasVector(offset)) {
            text.append(NO_VECTOR);
            places.add(null);
          } else {
            vector();
          }
        }
        case StateEntry.Steps _ -> {
          int module = taken.size() - 1;
          taken.set(module, beside.steps(module, offset));
          text.append(taken.get(module));
        }
        case StateEntry.Clients _ -> {
          clients = beside.clients(offset);
          text.append(clients.stream().map(StateDocument::quoted).collect(joining(", ", "[", "]")));
        }
        case StateEntry.Nothing _ -> text.append("null");
        case StateEntry.Group group -> entries(group.entries(), beside);
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
        .collect(joining(", ", "{\"modules\": [", "]}"))
        .getBytes(US_ASCII);
  }

  private static String initialEntries(List<StateEntry> entries) {
    return entries.stream()
        .map(entry -> "\"%s\": %s".formatted(entry.key(), initial(entry)))
        .collect(joining(", ", "{", "}"));
  }

  private static String initial(StateEntry entry) {
    return switch (entry) {
      case StateEntry.Values values -> values.late() ? "null" : NO_VECTOR;
      case StateEntry.Steps _ -> "0";
      case StateEntry.Clients _ -> "[]";
      case StateEntry.Nothing _ -> "null";
      case StateEntry.Group group -> initialEntries(group.entries());
    };
  }

  /** What it has beside its vectors. */
  public Tally tally() {
    return new Tally(taken, clients);
  }

  /** The length in bytes of a model's document, a few digits and clients more or less. */
  public static long length(ModelSpec spec) {
    return full(spec).length();
  }

  /** The most bytes of a document for a model, whatever its spacing. */
  public static long most(ModelSpec spec) {
    long clients = spec.hasControls() ? ScaffoldServer.MOST_CLIENTS : 0;
    return 2 * (length(spec) + clients * (Name.MOST + "\"\", ".length()));
  }

  /** The whole length in bytes. */
  public long length() {
    return position;
  }

  /** The number of state vectors of all modules. */
  public int vectors() {
    return places.size();
  }

  /** Whether a vector is there; one of clients is not where there are none. */
  public boolean has(int vector) {
    return places.get(vector) != null;
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
    long[] offsets = Objects.requireNonNull(places.get(vector));
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
