package io.fedstep.planted.circle;

/** Uses the second, and nobody outside of its file uses its inner class. */
public class Third {
  static void run(Class<?> type) {
    new Outside().run(Second.Inner.class.equals(type));
  }

  private static final class Outside {
    void run(boolean ignored) {}
  }
}
