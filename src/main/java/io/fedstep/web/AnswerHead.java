package io.fedstep.web;

import jakarta.servlet.http.HttpServletResponse;

/** The fields that every answer about a version has, 304 included. */
record AnswerHead(String etag, long version) {
  void write(HttpServletResponse response) {
    response.setHeader("ETag", etag);
    response.setHeader("Vary", "Accept, Accept-Encoding");
    response.setHeader("Cache-Control", "no-cache");
    response.setHeader("Fedstep-Version", Long.toString(version));
  }

  /** Answers that the client has it. */
  void notModified(HttpServletResponse response) {
    write(response);
    response.setStatus(HttpServletResponse.SC_NOT_MODIFIED);
  }
}
