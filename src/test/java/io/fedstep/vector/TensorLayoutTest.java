package io.fedstep.vector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** Where tensors are in the flat vector. */
class TensorLayoutTest {
  private static TensorLayout layout() {
    var shapes = new LinkedHashMap<String, List<Long>>();
    shapes.put("z", List.of(2L, 3L));
    shapes.put("scalar", List.of());
    shapes.put("a", List.of(4L));
    return new TensorLayout(shapes);
  }

  @Test
  void tensors_followEachOther_inTheOrderGiven() {
    TensorLayout layout = layout();
    assertThat(layout.size()).isEqualTo(11);
    assertThat(layout.tensors()).map(Tensor::name).containsExactly("z", "scalar", "a");
    assertThat(layout.tensors()).map(Tensor::offset).containsExactly(0L, 6L, 7L);
    for (long index = 0; index < layout.size(); index++) {
      Tensor tensor = layout.at(index);
      assertThat(index).isBetween(tensor.offset(), tensor.end() - 1);
      assertThat(layout.tensors().get(layout.indexAt(index))).isSameAs(tensor);
      assertThat(layout.tensor(tensor.name())).isSameAs(tensor);
    }
    assertThat(layout.tensor("b")).isNull();
  }

  @Test
  void layouts_areEqual_inTheSameOrderOnly() {
    assertThat(layout()).isEqualTo(layout()).hasSameHashCodeAs(layout());
    var other = new LinkedHashMap<String, List<Long>>();
    for (Tensor tensor : layout().tensors().reversed()) {
      other.put(tensor.name(), tensor.shape());
    }
    assertThat(layout()).isNotEqualTo(new TensorLayout(other));
  }

  @Test
  void whatCannotBe_isRefused() {
    for (var shapes :
        List.<Map<String, List<Long>>>of(
            Map.of(),
            Map.of("", List.of(1L)),
            Map.of("x".repeat(201), List.of(1L)),
            Map.of("w", List.of(0L)),
            Map.of("w", List.of(2L, -1L)))) {
      assertThatThrownBy(() -> new TensorLayout(shapes))
          .isInstanceOf(IllegalArgumentException.class);
    }
    Tensor longest =
        Objects.requireNonNull(
            new TensorLayout(Map.of("x".repeat(200), List.of(1L))).tensor("x".repeat(200)));
    assertThat(longest.size()).isEqualTo(1);
  }

  /** Cut by hand, coordinate by coordinate. */
  private static List<Stretch> cut(TensorLayout layout, Range range) {
    var stretches = new ArrayList<Stretch>();
    for (int at = 0; at < range.length(); at++) {
      Tensor tensor = layout.at(range.from() + at);
      Stretch last = stretches.isEmpty() ? null : stretches.getLast();
      if (last != null && last.step() == tensor.step()) {
        stretches.removeLast();
        stretches.add(new Stretch(last.at(), last.length() + 1, last.step(), last.stepped()));
      } else {
        long before =
            LongStream.range(0, range.from() + at).filter(i -> !layout.at(i).isPlain()).count();
        stretches.add(new Stretch(at, 1, tensor.step(), before));
      }
    }
    return stretches;
  }

  @Test
  void everyRange_isCut_wherePlainTensorsBeginAndEnd() {
    var random = new Random(1);
    for (int i = 0; i < 200; i++) {
      var shapes = new LinkedHashMap<String, List<Long>>();
      var plain = new HashSet<String>();
      for (int tensor = 2 + random.nextInt(5); tensor > 0; tensor--) {
        shapes.put("t" + tensor, List.of(random.nextLong(4)));
        if (random.nextBoolean()) {
          plain.add("t" + tensor);
        }
      }
      shapes.put("stepped", List.of(1L));
      shapes.put("empty", List.of(0L));
      var layout = new TensorLayout(shapes, plain);
      for (long from = 0; from < layout.size(); from++) {
        for (long end = from + 1; end <= layout.size(); end++) {
          var range = new Range(from, (int) (end - from));
          assertThat(layout.stretches(range))
              .as("%s of %s", range, layout)
              .isEqualTo(cut(layout, range));
        }
      }
    }
  }

  @Test
  void steppedTensors_areALayoutOfTheirOwn() {
    var shapes = new LinkedHashMap<String, List<Long>>();
    shapes.put("mean", List.of(3L));
    shapes.put("w", List.of(2L));
    shapes.put("variance", List.of(3L));
    shapes.put("b", List.of());
    var layout = new TensorLayout(shapes, Set.of("mean", "variance"));
    assertThat(layout.size()).isEqualTo(9);
    assertThat(layout.plain()).containsExactly("mean", "variance");
    assertThat(layout.stepped().tensors()).map(Tensor::name).containsExactly("w", "b");
    assertThat(layout.stepped().tensors()).map(Tensor::offset).containsExactly(0L, 2L);
    assertThat(layout).isNotEqualTo(new TensorLayout(shapes)).isNotEqualTo(layout.stepped());
    TensorLayout all = layout();
    assertThat(all.stepped()).isSameAs(all);
    assertThat(all.plain()).isEmpty();
  }

  @Test
  void somethingIsStepped() {
    Map<String, List<Long>> shapes = Map.of("w", List.of(3L), "empty", List.of(0L));
    assertThatThrownBy(() -> new TensorLayout(shapes, Set.of("w")))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new TensorLayout(shapes, shapes.keySet()))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void sizesBeyondCounting_areLarge() {
    long most = Long.MAX_VALUE;
    assertThat(new TensorLayout(Map.of("w", List.of(most, most, most))).size())
        .isGreaterThanOrEqualTo(1L << 60);
    assertThat(new TensorLayout(Map.of("w", List.of(1L << 32, 1L << 32))).size())
        .isGreaterThanOrEqualTo(1L << 60);
  }
}
