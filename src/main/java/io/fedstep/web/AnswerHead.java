package io.fedstep.web;

import io.fedstep.store.VersionInfo;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.OutputStream;

/** The fields that every answer about a version has, 304 included. */
record AnswerHead(String etag, Coding coding, long version) {
  /** The answer with something of a version, which {@code suffix} tells from the rest of it. */
  static AnswerHead of(VersionInfo info, String suffix, HttpServletRequest request) {
    Coding coding = Coding.accepted(request.getHeader("Accept-Encoding"));
    String etag = "\"" + info.base() + suffix + coding.suffix() + "\"";
    return new AnswerHead(etag, coding, info.version());
  }

  void write(HttpServletResponse response) {
    response.setHeader("ETag", etag);
    response.setHeader("Vary", "Accept, Accept-Encoding");
    response.setHeader("Cache-Control", "no-cache");
    response.setHeader("Fedstep-Version", Long.toString(version));
  }

  /** Where the content goes; to be closed. */
  OutputStream compressed(HttpServletResponse response) throws IOException {
    if (coding != Coding.IDENTITY) {
      response.setHeader("Content-Encoding", coding.label());
    }
    return coding.compress(response.getOutputStream());
  }

  /** Answers that the client has it. */
  void notModified(HttpServletResponse response) {
    write(response);
    response.setStatus(HttpServletResponse.SC_NOT_MODIFIED);
  }
}
