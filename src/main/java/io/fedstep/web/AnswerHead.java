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

  /** Sends content that has to be computed, of {@code length} bytes before. */
  void send(
      HttpServletRequest request,
      HttpServletResponse response,
      String type,
      long length,
      Content content)
      throws IOException {
    if (request.getMethod().equals("HEAD")) {
      start(response, type);
    } else if (length <= HeavyWork.SMALL) {
      start(response, type);
      try (OutputStream out = coding.compress(response.getOutputStream())) {
        content.write(out);
      }
    } else {
      HeavyWork work = HeavyWork.of(request);
      try (var _ = work.answer(request)) {
        start(response, type);
        try (var turned = new TurnedOutput(response.getOutputStream(), work.turn(request));
            OutputStream out = coding.compress(turned)) {
          content.write(out);
        }
      }
    }
  }

  private void start(HttpServletResponse response, String type) {
    write(response);
    response.setContentType(type);
    if (coding != Coding.IDENTITY) {
      response.setHeader("Content-Encoding", coding.label());
    }
  }

  /** Content as it is computed. */
  interface Content {
    void write(OutputStream out) throws IOException;
  }

  /** Answers that the client has it. */
  void notModified(HttpServletResponse response) {
    write(response);
    response.setStatus(HttpServletResponse.SC_NOT_MODIFIED);
  }
}
