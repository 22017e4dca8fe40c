package io.fedstep.bench;

import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.io.InputStream;
import org.springframework.context.annotation.Profile;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/** What the server costs without doing anything: reads a body, drops it, and answers 201. */
@RestController
@Profile(Drain.PROFILE)
class Drain {
  static final String PROFILE = "drain";

  /** The JVM option that adds this to a server on the test class path. */
  static final String ON = "-Dspring.profiles.active=" + PROFILE;

  static final String PATH = "/v1/drain/";

  @PutMapping(PATH + "{client}")
  @ResponseStatus(HttpStatus.CREATED)
  void drop(@PathVariable String client, HttpServletRequest request) throws IOException {
    InputStream in = request.getInputStream();
    var bytes = new byte[(int) Math.min(64 * 1024, request.getContentLengthLong())];
    while (in.read(bytes) >= 0) {
      // dropped
    }
  }
}
