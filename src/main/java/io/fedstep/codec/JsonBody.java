package io.fedstep.codec;

import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.problem.RefusedException;
import io.fedstep.round.Control;
import io.fedstep.vector.Tensor;
import java.io.InputStream;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/**
 * A body of JSON that holds a vector, as a flat array, as an object of nested arrays by tensor name
 * or as declearn's packed vector, and what goes beside it. Values are read one by one.
 */
public final class JsonBody {
  private static final Set<String> BESIDE_GRADIENT =
      Set.of("weight", "metrics", "base", "partial", "local_rate", "control");

  private final JsonParser parser;
  private final VectorIntake intake;
  private final JsonNumbers numbers;
  private final UpdateMetadataBuilder metadata;
  private Set<String> missing = Set.of();
  private boolean isFlat;

  private JsonBody(JsonParser parser, VectorIntake intake, UpdateMetadataBuilder metadata) {
    this.parser = parser;
    this.intake = intake;
    this.metadata = metadata;
    numbers = new JsonNumbers(parser, intake);
  }

  /**
   * Reads {@code {"gradient": ..., "weight": ..., "metrics": {...}, "base": ..., "partial": ...,
   * "local_rate": ..., "control": ...}}.
   */
  public static void readUpdate(
      InputStream in, VectorIntake intake, UpdateMetadataBuilder metadata) {
    read(in, intake, metadata, "gradient", BESIDE_GRADIENT);
  }

  /** Reads {@code {"weights": ...}}; the {@code version} that an answer shows is passed over. */
  public static void readWeights(InputStream in, VectorIntake intake) {
    read(in, intake, new UpdateMetadataBuilder(), "weights", Set.of("version"));
  }

  private static void read(
      InputStream in,
      VectorIntake intake,
      UpdateMetadataBuilder metadata,
      String vector,
      Set<String> beside) {
    Json.parse(
        in,
        parser -> {
          new JsonBody(parser, intake, metadata).read(vector, beside);
          return vector;
        });
  }

  private void read(String vector, Set<String> beside) {
    parser.nextToken();
    Json.expect(parser, JsonToken.START_OBJECT, "an object with the key '%s'".formatted(vector));
    boolean found = false;
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String key = parser.currentName();
      parser.nextToken();
      if (key.equals(vector)) {
        readVector();
        found = true;
      } else if (beside.contains(key)) {
        readBeside(key);
      } else {
        throw Json.malformed("The body has no key '%s'.".formatted(key));
      }
    }
    if (!found) {
      throw Json.malformed("The body has no key '%s'; it is required.".formatted(vector));
    }
    leaveOut();
  }

  /** Takes zeros for missing tensors if they may be left out, which may be said behind them. */
  private void leaveOut() {
    if (metadata.isPartial() && isFlat) {
      throw UpdateMetadataBuilder.partialFlat();
    }
    for (Tensor tensor : intake.layout().tensors()) {
      if (missing.contains(tensor.name())) {
        if (!metadata.isPartial()
            || intake.needsAll()
            || missing.size() == intake.layout().tensors().size()) {
          throw wrongShape(tensor.name(), "The tensor '%s' is missing.".formatted(tensor.name()));
        }
        intake.leaveOut(tensor);
      }
    }
  }

  private void readBeside(String key) {
    switch (key) {
      case "weight" -> metadata.weight(number("the weight"));
      case "local_rate" -> metadata.localRate(number("the local rate"));
      case "control" -> readControl();
      case "partial" -> {
        boolean value = parser.currentToken() == JsonToken.VALUE_TRUE;
        if (!value) {
          Json.expect(parser, JsonToken.VALUE_FALSE, "true or false for partial");
        }
        metadata.partial(value);
      }
      case "base" -> {
        if (parser.currentToken() != JsonToken.VALUE_NULL) {
          Json.expect(parser, JsonToken.VALUE_STRING, "the base as a string");
          metadata.base(parser.getString());
        }
      }
      case "metrics" -> {
        Json.expect(parser, JsonToken.START_OBJECT, "an object of metrics");
        while (parser.nextToken() != JsonToken.END_OBJECT) {
          String name = parser.currentName();
          parser.nextToken();
          metadata.metric(name, number("the metric"));
        }
      }
      default -> parser.skipChildren();
    }
  }

  private void readControl() {
    if (parser.currentToken() == JsonToken.VALUE_NUMBER_INT
        && parser.getNumberType() != JsonParser.NumberType.BIG_INTEGER
        && parser.getLongValue() >= 0) {
      metadata.control(new Control.Of(parser.getLongValue()));
      return;
    }
    Json.expect(parser, JsonToken.VALUE_STRING, "a round's number, none or lost as the control");
    metadata.control(parser.getString());
  }

  private double number(String what) {
    return number(() -> what);
  }

  private double number(Supplier<String> what) {
    JsonToken token = parser.currentToken();
    if (token != JsonToken.VALUE_NUMBER_FLOAT && token != JsonToken.VALUE_NUMBER_INT) {
      Json.expect(parser, JsonToken.VALUE_NUMBER_FLOAT, "a number for " + what.get());
    }
    return parser.getDoubleValue();
  }

  private void readVector() {
    switch (parser.currentToken()) {
      case START_ARRAY -> readFlat();
      case START_OBJECT -> readObject();
      case null, default ->
          throw Json.malformed("A vector is an array, or an object by tensor name.");
    }
  }

  private void readFlat() {
    isFlat = true;
    long expected = intake.layout().size();
    numbers.begin(0, expected);
    long count = numbers.readArray(() -> number("a value"));
    numbers.flush();
    if (count != expected) {
      throw Refusal.of(
              Problem.WRONG_LENGTH,
              "The model has %s parameters, but %s values came.".formatted(expected, count))
          .with("expected", expected)
          .with("actual", count)
          .exception();
    }
  }

  private void readObject() {
    missing = new HashSet<String>();
    intake.layout().tensors().forEach(tensor -> missing.add(tensor.name()));
    boolean typed = false;
    @Nullable Set<String> missingInDump = null;
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String name = parser.currentName();
      parser.nextToken();
      if (name.equals("__type__") && parser.currentToken() == JsonToken.VALUE_STRING) {
        typed = PackedVector.TYPES.contains(parser.getString());
        if (!typed) {
          throw Json.malformed(
              "The __type__ '%s' is unknown; NumpyVector and TorchVector are read."
                  .formatted(parser.getString()));
        }
      } else if (name.equals("dump") && (typed || intake.layout().tensor(name) == null)) {
        missingInDump =
            PackedVector.readSome(parser, intake.layout(), intake.dtype(), new PackedTarget());
      } else {
        readNamed(name);
        missing.remove(name);
      }
    }
    if (typed || missingInDump != null) {
      if (!typed || missingInDump == null || missing.size() != intake.layout().tensors().size()) {
        throw Json.malformed("A packed vector is {\"__type__\": ..., \"dump\": {...}}.");
      }
      missing = missingInDump;
    }
  }

  private final class PackedTarget implements PackedVector.Target {
    @Override
    public void accept(long index, byte[] bytes, int length) {
      intake.put(index, bytes, length);
    }

    @Override
    public RefusedException misfit(String tensor, String detail) {
      return wrongShape(tensor, detail);
    }
  }

  private void readNamed(String name) {
    Tensor tensor = intake.layout().tensor(name);
    if (tensor == null) {
      throw wrongShape(name, "The model has no tensor '%s'.".formatted(name));
    }
    numbers.begin(tensor.offset(), tensor.size());
    readNested(tensor, 0);
    numbers.flush();
  }

  private void readNested(Tensor tensor, int depth) {
    int innermost = tensor.shape().size() - 1;
    if (depth > innermost) {
      numbers.put(value(tensor));
      return;
    }
    if (parser.currentToken() != JsonToken.START_ARRAY) {
      value(tensor); // neither an array nor a number
      throw misshapen(tensor);
    }
    long count = 0;
    if (depth == innermost) {
      count = numbers.readArray(() -> value(tensor));
    } else {
      for (; parser.nextToken() != JsonToken.END_ARRAY; count++) {
        readNested(tensor, depth + 1);
      }
    }
    if (count != tensor.shape().get(depth)) {
      throw misshapen(tensor);
    }
  }

  private double value(Tensor tensor) {
    if (parser.currentToken() == JsonToken.START_ARRAY) {
      throw misshapen(tensor);
    }
    return number(() -> "a value of tensor '%s'".formatted(tensor.name()));
  }

  private static RefusedException misshapen(Tensor tensor) {
    return Refusal.of(
            Problem.WRONG_SHAPE,
            "The tensor '%s' has the shape %s; what came is nested otherwise."
                .formatted(tensor.name(), tensor.shape()))
        .with("tensor", tensor.name())
        .with("expected", tensor.shape())
        .exception();
  }

  private static RefusedException wrongShape(String tensor, String detail) {
    return Refusal.of(Problem.WRONG_SHAPE, detail).with("tensor", tensor).exception();
  }
}
