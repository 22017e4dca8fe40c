package io.fedstep.planted.vector;

import io.fedstep.planted.model.UsesVector;

/** Climbs from the bottom of the arrows. */
public class UsesModel {
  UsesVector model;
}
