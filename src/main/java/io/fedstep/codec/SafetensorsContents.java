package io.fedstep.codec;

import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.vector.Tensor;
import io.fedstep.vector.TensorLayout;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * What a safetensors header says is in the body, checked whole before any number is read: first
 * that it describes a file, then that the file fits the model.
 */
final class SafetensorsContents {
  private final TensorLayout layout;
  private final @Nullable Encoding encoding;
  private final List<Run> runs = new ArrayList<>();
  private final Map<Tensor, Map<String, Entry>> encoded = new LinkedHashMap<>();
  private final Map<Tensor, Encoding.Decoder> decoders = new LinkedHashMap<>();
  private final Map<Tensor, Entry> plain = new LinkedHashMap<>();

  /** An entry, and the tensor and the part of it that its name says; null for none. */
  private record Run(Entry entry, @Nullable Tensor tensor, @Nullable String part) {}

  /**
   * Reads and checks a header.
   *
   * @param mayLeaveOut whether tensors may be missing
   */
  SafetensorsContents(
      ObjectNode header, TensorLayout layout, @Nullable Encoding encoding, boolean mayLeaveOut) {
    this.layout = layout;
    this.encoding = encoding;
    header.properties().forEach(one -> runs.add(run(one.getKey(), one.getValue())));
    checkApart();
    checkTiled();
    runs.forEach(this::checkFit);
    checkComplete(mayLeaveOut);
  }

  private Run run(String name, JsonNode json) {
    Tensor tensor = layout.tensor(name);
    String part = null;
    int colon = name.lastIndexOf(':');
    if (tensor == null && encoding != null && colon >= 0) {
      part = name.substring(colon + 1);
      tensor = encoding.parts().contains(part) ? layout.tensor(name.substring(0, colon)) : null;
    }
    Entry entry = Entry.of(name, tensor == null ? name : tensor.name(), json);
    if (tensor != null && part != null) {
      encoded.computeIfAbsent(tensor, _ -> new LinkedHashMap<>()).put(part, entry);
    } else if (tensor != null) {
      plain.put(tensor, entry);
    }
    return new Run(entry, tensor, part);
  }

  /** Refuses a tensor that is there twice, and parts in the wrong order. */
  private void checkApart() {
    encoded.forEach((tensor, parts) -> {
      if (plain.containsKey(tensor)) {
        throw Json.malformed(
            "The tensor '%s' is there as it is, and encoded.".formatted(tensor.name()));
      }
      long at = 0;
      for (String part : Objects.requireNonNull(encoding).parts()) {
        Entry entry = parts.get(part);
        if (entry != null && encoding.isOrdered()) {
          if (entry.begin() < at) {
            throw Json.malformed("'%s' is before what it is decoded with.".formatted(entry.name()));
          }
          at = entry.begin();
        }
      }
    });
  }

  private void checkTiled() {
    runs.sort(
        Comparator.comparing(
            Run::entry, Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end)));
    long at = 0;
    for (Run run : runs) {
      if (run.entry.begin() != at) {
        throw Json.malformed(
            "The tensor '%s' begins at byte %s, not at %s where the one before it ends."
                .formatted(run.entry.name(), run.entry.begin(), at));
      }
      at = run.entry.end();
    }
  }

  private void checkFit(Run run) {
    String name = run.entry.name();
    if (run.tensor == null) {
      throw Entry.misfit(name, "The model has no tensor '%s'.".formatted(name));
    }
    if (run.part == null) {
      NumberFormat _ = run.entry.formatOf(run.tensor);
    } else {
      decoders.computeIfAbsent(run.tensor, this::decoder).check(run.part, run.entry);
    }
  }

  private Encoding.Decoder decoder(Tensor tensor) {
    return Objects.requireNonNull(encoding).decoder(tensor, layout.tensors().indexOf(tensor));
  }

  private void checkComplete(boolean mayLeaveOut) {
    for (Tensor tensor : layout.tensors()) {
      Map<String, Entry> parts = encoded.get(tensor);
      if (parts == null && !plain.containsKey(tensor) && !mayLeaveOut) {
        throw Entry.misfit(tensor.name(), "The tensor '%s' is missing.".formatted(tensor.name()));
      }
      if (parts != null && parts.size() < Objects.requireNonNull(encoding).parts().size()) {
        throw Entry.misfit(
            tensor.name(),
            "The tensor '%s' is not there in all its parts.".formatted(tensor.name()));
      }
    }
    if (runs.isEmpty()) {
      throw Refusal.of(Problem.WRONG_SHAPE, "An update has at least one tensor.").exception();
    }
    if (encoding != null) {
      encoding.check(decoders.values(), layout);
    }
  }

  /** Reads the numbers, which follow the header. */
  void read(InputStream in, VectorIntake intake) throws IOException {
    for (Run run : runs) {
      Tensor tensor = Objects.requireNonNull(run.tensor);
      if (run.part != null) {
        Objects.requireNonNull(decoders.get(tensor)).read(run.part, run.entry, in, intake);
      } else {
        run.entry
            .formatOf(tensor)
            .read(
                in,
                ByteOrder.LITTLE_ENDIAN,
                intake,
                tensor.offset(),
                tensor.size(),
                run.entry.what());
      }
    }
    for (Tensor tensor : layout.tensors()) {
      if (!plain.containsKey(tensor) && !encoded.containsKey(tensor)) {
        intake.leaveOut(tensor);
      }
    }
  }
}
