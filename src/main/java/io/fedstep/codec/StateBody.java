package io.fedstep.codec;

import io.fedstep.model.ModelSpec;
import io.fedstep.model.Name;
import io.fedstep.optim.OptiModule;
import io.fedstep.optim.ScaffoldServer;
import io.fedstep.optim.StateEntry;
import io.fedstep.optim.Tally;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.problem.RefusedException;
import io.fedstep.vector.Tensor;
import io.fedstep.vector.TensorLayout;
import io.fedstep.vector.Tile;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/** Reads an optimizer state in whatever order and spacing, checked against the model's modules. */
public final class StateBody {
  private static final ValueLayout.OfLong EIGHT =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** Up to here a double counts one by one. */
  private static final long MOST_STEPS = 1L << 53;

  private final JsonParser parser;
  private final ModelSpec spec;
  private final TensorLayout layout;
  private final StateValues values;
  private final long[] eights;
  private final List<Long> taken = new ArrayList<>();
  private final SortedSet<String> clients = new TreeSet<>();
  private boolean hasVectorOfClients;
  private int vectors;
  private int zeros;

  private StateBody(JsonParser parser, ModelSpec spec, StateValues values) {
    this.parser = parser;
    this.spec = spec;
    this.values = values;
    layout = spec.layout().stepped();
    eights = new long[PackedVector.bufferSize(spec.dtype(), layout.size()) / 8];
  }

  /**
   * Reads a document and writes its values to their places.
   *
   * @return what it has beside them; null where there are no values: it is the state before the
   *     first step
   */
  public static @Nullable Tally read(InputStream in, ModelSpec spec, StateValues values) {
    return Json.parse(in, parser -> Optional.ofNullable(new StateBody(parser, spec, values).read()))
        .orElse(null);
  }

  private @Nullable Tally read() {
    parser.nextToken();
    Json.expect(parser, JsonToken.START_OBJECT, "an object with the key 'modules'");
    boolean found = false;
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      if (!parser.currentName().equals("modules")) {
        throw bad("'%s' is unknown; 'modules' is the only key.".formatted(parser.currentName()));
      }
      parser.nextToken();
      taken.clear();
      clients.clear();
      hasVectorOfClients = false;
      readModules();
      found = true;
    }
    if (!found) {
      throw bad("'modules' is missing.");
    }
    if (vectors > 0 && zeros > 0) {
      throw bad("Some modules have taken steps and others not.");
    }
    if (vectors == 0 && taken.stream().anyMatch(steps -> steps > 0)) {
      throw bad("A module has taken steps, and there are no values.");
    }
    if (hasVectorOfClients == clients.isEmpty()) {
      throw bad(
          hasVectorOfClients
              ? "There is a sum of controls, and no clients of whom it is."
              : "There are %s clients, and no sum of their controls.".formatted(clients.size()));
    }
    return vectors > 0 ? new Tally(taken, List.copyOf(clients)) : null;
  }

  private void readModules() {
    Json.expect(parser, JsonToken.START_ARRAY, "an array of modules");
    List<OptiModule> modules = spec.optimizer().modules();
    int first = 0;
    for (int i = 0; i < modules.size(); i++) {
      if (parser.nextToken() == JsonToken.END_ARRAY) {
        throw bad("'modules' has %s entries; the model has %s.".formatted(i, modules.size()));
      }
      readModule("modules[%s]".formatted(i), modules.get(i), first);
      first += modules.get(i).vectors();
    }
    if (parser.nextToken() != JsonToken.END_ARRAY) {
      throw bad("'modules' has more than the %s entries of the model.".formatted(modules.size()));
    }
  }

  private void readModule(String place, OptiModule module, int firstVector) {
    Json.expect(parser, JsonToken.START_ARRAY, "an array of a name and a state");
    parser.nextToken();
    Json.expect(parser, JsonToken.VALUE_STRING, "a module's name");
    if (!parser.getString().equals(module.name())) {
      throw bad(
          "'%s' is '%s'; the model has '%s' there."
              .formatted(place, parser.getString(), module.name()));
    }
    parser.nextToken();
    taken.add(0L);
    readEntries(place, module.state(), firstVector);
    parser.nextToken();
    Json.expect(parser, JsonToken.END_ARRAY, "the end of a module");
  }

  private void readEntries(String place, List<StateEntry> entries, int firstVector) {
    Json.expect(parser, JsonToken.START_OBJECT, "a state");
    var missing = new LinkedHashSet<>(entries.stream().map(StateEntry::key).toList());
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String key = parser.currentName();
      int vector = firstVector;
      int index = 0;
      while (index < entries.size() && !entries.get(index).key().equals(key)) {
        vector += (int) StateEntry.vectors(List.of(entries.get(index))).count();
        index++;
      }
      if (index == entries.size()) {
        throw bad("'%s.%s' is unknown.".formatted(place, key));
      }
      parser.nextToken();
      readEntry(place + "." + key, entries.get(index), vector);
      missing.remove(key);
    }
    for (String key : missing) {
      throw bad("'%s.%s' is missing.".formatted(place, key));
    }
  }

  private void readEntry(String place, StateEntry entry, int vector) {
    switch (entry) {
      case StateEntry.Values values -> readVector(place, values, vector);
      case StateEntry.Steps _ -> taken.set(taken.size() - 1, readSteps(place));
      case StateEntry.Clients _ -> readClients(place);
      case StateEntry.Nothing _ -> {
        if (parser.currentToken() != JsonToken.VALUE_NULL) {
          throw bad("'%s' is not null, as it is with the model's config.".formatted(place));
        }
      }
      case StateEntry.Group group -> readEntries(place, group.entries(), vector);
    }
  }

  private long readSteps(String place) {
    Json.expect(parser, JsonToken.VALUE_NUMBER_INT, "a number of steps");
    boolean whole = parser.getNumberType() != JsonParser.NumberType.BIG_INTEGER;
    long steps = whole ? parser.getLongValue() : -1;
    if (steps < 0 || steps > MOST_STEPS) {
      throw bad("'%s' is %s; 0 to 2^53 are possible.".formatted(place, parser.getString()));
    }
    return steps;
  }

  private void readClients(String place) {
    Json.expect(parser, JsonToken.START_ARRAY, "an array of clients");
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      Json.expect(parser, JsonToken.VALUE_STRING, "a client's id");
      String client = parser.getString();
      if (!Name.is(client)) {
        throw bad("'%s' has '%s', which is no client's id.".formatted(place, client));
      }
      if (!clients.add(client)) {
        throw bad("'%s' has '%s' twice.".formatted(place, client));
      }
      if (clients.size() > ScaffoldServer.MOST_CLIENTS) {
        throw bad("'%s' has more than %s clients.".formatted(place, ScaffoldServer.MOST_CLIENTS));
      }
    }
  }

  private void readVector(String place, StateEntry.Values entry, int vector) {
    switch (parser.currentToken()) {
      case VALUE_NUMBER_FLOAT, VALUE_NUMBER_INT -> {
        if (entry.late() || parser.getDoubleValue() != 0) {
          throw bad(
              "'%s' is a number; a vector, or %s before the first step, is needed."
                  .formatted(place, entry.late() ? "null" : "0"));
        }
        zeros += entry.ofClients() ? 0 : 1;
      }
      case VALUE_NULL -> {
        if (!entry.late()) {
          throw bad("'%s' is null.".formatted(place));
        }
        zeros++;
      }
      default -> {
        Json.expect(parser, JsonToken.START_OBJECT, "a packed vector");
        var target = new Target(place, vector, entry.square());
        Runnable dump = () -> PackedVector.read(parser, layout, spec.dtype(), target);
        if (!PackedVector.readTyped(parser, PackedVector.TYPES, dump)) {
          throw bad("'%s' is not a packed vector.".formatted(place));
        }
        hasVectorOfClients |= entry.ofClients();
        vectors++;
      }
    }
  }

  private final class Target implements PackedVector.Target {
    private final String place;
    private final int vector;
    private final boolean square;

    Target(String place, int vector, boolean square) {
      this.place = place;
      this.vector = vector;
      this.square = square;
    }

    @Override
    public void accept(long index, byte[] bytes, int length) {
      if (!isPlain(bytes, length, square)) {
        check(index, bytes, length);
      }
      values.write(vector, index, bytes, length);
    }

    private void check(long index, byte[] bytes, int length) {
      Tile tile = Tile.zeros(spec.dtype(), length / spec.dtype().bytes());
      tile.read(MemorySegment.ofArray(bytes), 0);
      for (int i = 0; i < tile.length(); i++) {
        double value = tile.get(i);
        if (!Double.isFinite(value) || (square && value < 0)) {
          String name = layout.at(index + i).name();
          throw Refusal.of(
                  Problem.BAD_STATE,
                  "'%s' has the value %s in tensor '%s'; %s is needed."
                      .formatted(
                          place, value, name, square ? "finite and at least 0" : "a finite one"))
              .with("tensor", name)
              .with("index", index + i)
              .exception();
        }
      }
    }

    @Override
    public RefusedException misfit(String tensor, String detail) {
      Tensor known = spec.layout().tensor(tensor);
      String why =
          known == null || !known.isPlain()
              ? detail
              : "The tensor '%s' is plain: modules have no state of it.".formatted(tensor);
      return Refusal.of(Problem.BAD_STATE, "In '%s': %s".formatted(place, why))
          .with("tensor", tensor)
          .exception();
    }

    @Override
    public RefusedException garbled(String tensor, String detail) {
      return misfit(tensor, detail);
    }
  }

  /**
   * Whether all values are finite, and {@code unsigned} ones have no sign, where eight bytes at a
   * time show it.
   */
  private boolean isPlain(byte[] bytes, int length, boolean unsigned) {
    int count = length / 8;
    MemorySegment.copy(MemorySegment.ofArray(bytes), EIGHT, 0, eights, 0, count);
    long signs =
        switch (spec.dtype()) {
          case FLOAT32 -> 0x8000000080000000L;
          case FLOAT64 -> 0x8000000000000000L;
        };
    long step = // from the exponent of infinity to the sign
        switch (spec.dtype()) {
          case FLOAT32 -> 0x0080000000800000L;
          case FLOAT64 -> 0x0010000000000000L;
        };
    long signed = unsigned ? -1 : 0;
    long wrong = 0;
    for (int i = 0; i < count; i++) {
      wrong |= (eights[i] & signed) | ((eights[i] & ~signs) + step);
    }
    return (wrong & signs) == 0 && length == 8 * count;
  }

  private static RefusedException bad(String detail) {
    return Refusal.of(Problem.BAD_STATE, detail).exception();
  }
}
