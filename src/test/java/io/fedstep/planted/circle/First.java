package io.fedstep.planted.circle;

import org.jspecify.annotations.Nullable;

/** Uses a file that uses this one by way of another. */
public class First {
  @Nullable Second next;
}
