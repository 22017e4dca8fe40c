package io.fedstep.codec;

import io.fedstep.model.ModelSpec;
import io.fedstep.vector.DoubleTile;
import io.fedstep.vector.FloatTile;
import io.fedstep.vector.Range;
import io.fedstep.vector.Tensor;
import io.fedstep.vector.Tile;
import java.io.OutputStream;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;

/** Writes a vector as JSON: an object of nested arrays by tensor name, a tile at a time. */
public final class VectorWriter {
  private final JsonGenerator json;
  private final VectorSource source;
  private final Tile tile;
  private final long size;
  private long start;
  private int length;
  private int next;

  private VectorWriter(JsonGenerator json, ModelSpec spec, VectorSource source) {
    this.json = json;
    this.source = source;
    size = spec.parameters();
    tile = Tile.zeros(spec.dtype(), (int) Math.min(Range.TILE, size));
  }

  /** Writes {@code {"<key>": {...}, "version": 7}}; numbers read back to the same bits. */
  public static void write(
      OutputStream out, String key, long version, ModelSpec spec, VectorSource source) {
    try (JsonGenerator json = Json.FACTORY.createGenerator(ObjectWriteContext.empty(), out)) {
      json.writeStartObject();
      json.writeName(key);
      json.writeStartObject();
      var writer = new VectorWriter(json, spec, source);
      for (Tensor tensor : spec.layout().tensors()) {
        json.writeName(tensor.name());
        writer.writeNested(tensor, 0);
      }
      json.writeEndObject();
      json.writeName("version");
      json.writeNumber(version);
      json.writeEndObject();
    }
  }

  private void writeNested(Tensor tensor, int depth) {
    if (depth == tensor.shape().size()) {
      writeNext();
      return;
    }
    json.writeStartArray();
    for (int i = 0; i < tensor.shape().get(depth); i++) {
      writeNested(tensor, depth + 1);
    }
    json.writeEndArray();
  }

  private void writeNext() {
    if (next == length) {
      start += length;
      length = (int) Math.min(tile.length(), size - start);
      next = 0;
      source.read(start, tile.first(length));
    }
    switch (tile) {
      case FloatTile floats -> json.writeNumber(floats.values()[next++]);
      case DoubleTile doubles -> json.writeNumber(doubles.values()[next++]);
    }
  }
}
