package io.fedstep.planted.web;

import org.springframework.http.MediaType;

/** No violation. */
public class UsesSpring {
  MediaType type;
}
