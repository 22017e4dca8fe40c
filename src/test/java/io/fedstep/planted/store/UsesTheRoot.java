package io.fedstep.planted.store;

import io.fedstep.planted.Root;

/** Reaches over its head. */
public class UsesTheRoot {
  Root root;
}
