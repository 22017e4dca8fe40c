package io.fedstep.codec;

import io.fedstep.model.ModelSpec;
import io.fedstep.optim.OptiModule;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.problem.RefusedException;
import io.fedstep.vector.Tile;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.HashSet;
import java.util.List;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/** Reads an optimizer state in whatever order and spacing, checked against the model's modules. */
public final class StateBody {
  private static final ValueLayout.OfLong EIGHT =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final JsonParser parser;
  private final ModelSpec spec;
  private final StateValues values;
  private final long[] eights;
  private int vectors;
  private int zeros;

  private StateBody(JsonParser parser, ModelSpec spec, StateValues values) {
    this.parser = parser;
    this.spec = spec;
    this.values = values;
    eights = new long[PackedVector.bufferSize(spec.dtype(), spec.layout().size()) / 8];
  }

  /**
   * Reads a document and writes its values to their places.
   *
   * @return whether there are values; if not, it is the state before the first step
   */
  public static boolean read(InputStream in, ModelSpec spec, StateValues values) {
    return Json.parse(in, parser -> new StateBody(parser, spec, values).read());
  }

  private boolean read() {
    parser.nextToken();
    JsonBody.expect(parser, JsonToken.START_OBJECT, "an object with the key 'modules'");
    boolean found = false;
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      if (!parser.currentName().equals("modules")) {
        throw bad("'%s' is unknown; 'modules' is the only key.".formatted(parser.currentName()));
      }
      parser.nextToken();
      readModules();
      found = true;
    }
    if (!found) {
      throw bad("'modules' is missing.");
    }
    if (vectors > 0 && zeros > 0) {
      throw bad("Some modules have taken steps and others not.");
    }
    return vectors > 0;
  }

  private void readModules() {
    JsonBody.expect(parser, JsonToken.START_ARRAY, "an array of modules");
    List<OptiModule> modules = spec.optimizer().modules();
    int first = 0;
    for (int i = 0; i < modules.size(); i++) {
      if (parser.nextToken() == JsonToken.END_ARRAY) {
        throw bad("'modules' has %d entries; the model has %d.".formatted(i, modules.size()));
      }
      readModule("modules[%d]".formatted(i), modules.get(i), first);
      first += modules.get(i).stateKeys().size();
    }
    if (parser.nextToken() != JsonToken.END_ARRAY) {
      throw bad("'modules' has more than the %d entries of the model.".formatted(modules.size()));
    }
  }

  private void readModule(String place, OptiModule module, int firstVector) {
    JsonBody.expect(parser, JsonToken.START_ARRAY, "an array of a name and a state");
    parser.nextToken();
    JsonBody.expect(parser, JsonToken.VALUE_STRING, "a module's name");
    if (!parser.getString().equals(module.name())) {
      throw bad(
          "'%s' is '%s'; the model has '%s' there."
              .formatted(place, parser.getString(), module.name()));
    }
    parser.nextToken();
    JsonBody.expect(parser, JsonToken.START_OBJECT, "a module's state");
    var missing = new HashSet<>(module.stateKeys());
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String key = parser.currentName();
      int index = module.stateKeys().indexOf(key);
      if (index < 0) {
        throw bad("'%s.%s' is unknown.".formatted(place, key));
      }
      parser.nextToken();
      readVector(place + "." + key, firstVector + index);
      missing.remove(key);
    }
    for (String key : missing) {
      throw bad("'%s.%s' is missing.".formatted(place, key));
    }
    parser.nextToken();
    JsonBody.expect(parser, JsonToken.END_ARRAY, "the end of a module");
  }

  private void readVector(String place, int vector) {
    if (parser.currentToken() == JsonToken.VALUE_NUMBER_FLOAT
        || parser.currentToken() == JsonToken.VALUE_NUMBER_INT) {
      if (parser.getDoubleValue() != 0) {
        throw bad("'%s' is a number other than 0.".formatted(place));
      }
      zeros++;
      return;
    }
    JsonBody.expect(parser, JsonToken.START_OBJECT, "a packed vector");
    Runnable dump =
        () -> PackedVector.read(parser, spec.layout(), spec.dtype(), new Target(place, vector));
    if (!PackedVector.readTyped(parser, PackedVector.TYPES, dump)) {
      throw bad("'%s' is not a packed vector.".formatted(place));
    }
    vectors++;
  }

  private final class Target implements PackedVector.Target {
    private final String place;
    private final int vector;

    Target(String place, int vector) {
      this.place = place;
      this.vector = vector;
    }

    @Override
    public void take(long index, byte[] bytes, int length) {
      if (!isPlain(bytes, length)) {
        check(index, bytes, length);
      }
      values.write(vector, index, bytes, length);
    }

    private void check(long index, byte[] bytes, int length) {
      Tile tile = Tile.zeros(spec.dtype(), length / spec.dtype().bytes());
      tile.read(MemorySegment.ofArray(bytes), 0);
      for (int i = 0; i < tile.length(); i++) {
        double value = tile.get(i);
        if (!(value >= 0 && value < Double.POSITIVE_INFINITY)) { // every vector is a second moment
          String name = spec.layout().at(index + i).name();
          throw Refusal.of(
                  Problem.BAD_STATE,
                  "'%s' has the value %s in tensor '%s'; finite and at least 0 is needed."
                      .formatted(place, value, name))
              .with("tensor", name)
              .with("index", index + i)
              .exception();
        }
      }
    }

    @Override
    public RefusedException misfit(String tensor, String detail) {
      return Refusal.of(Problem.BAD_STATE, "In '%s': %s".formatted(place, detail))
          .with("tensor", tensor)
          .exception();
    }

    @Override
    public RefusedException garbled(String tensor, String detail) {
      return misfit(tensor, detail);
    }
  }

  /** Whether all values are finite and have no sign, where eight bytes at a time show it. */
  private boolean isPlain(byte[] bytes, int length) {
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
    long wrong = 0;
    for (int i = 0; i < count; i++) {
      wrong |= eights[i] | ((eights[i] & ~signs) + step);
    }
    return (wrong & signs) == 0 && length == 8 * count;
  }

  private static RefusedException bad(String detail) {
    return Refusal.of(Problem.BAD_STATE, detail).exception();
  }
}
