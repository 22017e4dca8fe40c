package io.fedstep.wire;

import io.fedstep.store.VersionBytes;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Collections;
import org.jspecify.annotations.Nullable;

/** Bytes of a version as the answer to a GET or HEAD, whole or the part that is asked for. */
public record Download(AnswerHead head, String type, VersionBytes bytes) {
  /** Sends the bytes, and closes them once they are sent. */
  public void send(HttpServletRequest request, HttpServletResponse response) throws IOException {
    if (head.coding() != Coding.IDENTITY) {
      sendCompressed(request, response);
      return;
    }
    try (bytes) {
      ByteRange part =
          head.isRangeWanted(request)
              ? ByteRange.asked(Collections.list(request.getHeaders("Range")), bytes.length())
              : null;
      start(response, part);
      if (!request.getMethod().equals("HEAD")) {
        Sendfile.send(
            bytes, part == null ? ByteRange.whole(bytes.length()) : part, request, response);
      }
    }
  }

  private void sendCompressed(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    try (bytes) {
      head.send(
          request,
          response,
          type,
          bytes.length(),
          bytes.length() + bytes.length() / 64 + 1024, // of what cannot be compressed
          out -> Sendfile.copy(bytes, ByteRange.whole(bytes.length()), out));
    }
  }

  private void start(HttpServletResponse response, @Nullable ByteRange part) {
    head.write(type, response);
    response.setHeader("Accept-Ranges", "bytes");
    response.setContentLengthLong(part == null ? bytes.length() : part.length());
    if (part != null) {
      response.setStatus(HttpServletResponse.SC_PARTIAL_CONTENT);
      response.setHeader("Content-Range", part.toString());
    }
  }
}
