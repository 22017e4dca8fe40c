package io.fedstep.vector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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

  @Test
  void sizesBeyondCounting_areLarge() {
    long most = Long.MAX_VALUE;
    assertThat(new TensorLayout(Map.of("w", List.of(most, most, most))).size())
        .isGreaterThanOrEqualTo(1L << 60);
    assertThat(new TensorLayout(Map.of("w", List.of(1L << 32, 1L << 32))).size())
        .isGreaterThanOrEqualTo(1L << 60);
  }
}
