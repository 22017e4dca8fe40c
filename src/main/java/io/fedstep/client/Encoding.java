package io.fedstep.client;

import java.util.Locale;

/** How an update is sent in fewer bytes than its own. */
public enum Encoding {
  /** A byte for each value. */
  INT8(0),
  /** One bit for each value, of rotated blocks. */
  EDEN_1(1),
  /** Two bits. */
  EDEN_2(2),
  /** Three bits. */
  EDEN_3(3),
  /** Four bits. */
  EDEN_4(4),
  /** The hundredth of the values that is largest; the others go with the next updates. */
  TOP_K(0);

  private final int bits;

  Encoding(int bits) {
    this.bits = bits;
  }

  /** The bits of a code, of those that rotate. */
  int bits() {
    return bits;
  }

  /** The name that a receipt has. */
  public String label() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
