package io.fedstep.bench;

/** A measured value, such as bytes a second. */
record Figure(double value, Unit unit) {
  /** How many times as good as another of the same unit this is. */
  double against(Figure other) {
    return unit.moreIsBetter() ? value / other.value : other.value / value;
  }

  boolean isMeasured() {
    return value > 0 && value < Double.POSITIVE_INFINITY;
  }

  @Override
  public String toString() {
    return unit.show(value);
  }
}
