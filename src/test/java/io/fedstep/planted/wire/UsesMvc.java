package io.fedstep.planted.wire;

import org.springframework.web.servlet.HandlerMapping;

/** A violation: the wire knows no controllers. */
public class UsesMvc {
  HandlerMapping addresses;
}
