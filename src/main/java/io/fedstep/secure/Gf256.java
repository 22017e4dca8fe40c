package io.fedstep.secure;

/** The field of 256 elements with the polynomial {@code x^8 + x^4 + x^3 + x + 1} (0x11B). */
final class Gf256 {
  private static final int SIZE = 256;
  private static final int REDUCTION = 0x1B;

  /** Whether the highest bit of a byte is set, by which doubling leaves the byte. */
  private static final int HIGH = 0x80;

  private static final byte[] PRODUCTS = products();

  private Gf256() {}

  private static byte[] products() {
    byte[] products = new byte[SIZE * SIZE];
    for (int a = 0; a < SIZE; a++) {
      for (int b = 0; b < SIZE; b++) {
        products[a * SIZE + b] = (byte) slowProduct(a, b);
      }
    }
    return products;
  }

  private static int slowProduct(int a, int b) {
    int product = 0;
    int doubled = a;
    for (int rest = b; rest != 0; rest >>= 1) {
      if ((rest & 1) != 0) {
        product ^= doubled;
      }
      doubled = (doubled & HIGH) == 0 ? doubled << 1 : (doubled << 1 ^ REDUCTION) & 0xFF;
    }
    return product;
  }

  /** The product of two elements, 0 to 255 each. */
  static int product(int a, int b) {
    return PRODUCTS[a * SIZE + b] & 0xFF;
  }

  /** The inverse of an element other than 0: its power of 254. */
  static int inverse(int a) {
    if (a == 0) {
      throw new IllegalArgumentException("0 has no inverse");
    }
    int power = a;
    for (int i = 0; i < 6; i++) {
      power = product(product(power, power), a);
    }
    return product(power, power);
  }
}
