package io.fedstep.planted.model;

import io.fedstep.planted.vector.UsesModel;

/** Goes down an arrow, as it may, and closes a circle with what climbs. */
public class UsesVector {
  UsesModel vector;
}
