package io.fedstep.planted.vector;

import tools.jackson.databind.JsonNode;

/** Knows a wire form where there is none. */
public class UsesJackson {
  JsonNode json;
}
