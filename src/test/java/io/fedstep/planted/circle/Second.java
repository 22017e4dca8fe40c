package io.fedstep.planted.circle;

/** Goes on to the third. */
public class Second {
  Runnable next() {
    return () -> Third.run(First.class);
  }

  static class Inner extends Second {}
}
