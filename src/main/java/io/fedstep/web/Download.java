package io.fedstep.web;

import io.fedstep.store.VersionBytes;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;

/** Bytes of a version as the answer to a GET or HEAD. */
record Download(AnswerHead head, String type, VersionBytes bytes) {
  private static final int PIECE = 64 * 1024;

  /** Sends the bytes, and closes them. */
  void send(HttpServletRequest request, HttpServletResponse response) throws IOException {
    try (bytes) {
      head.write(response);
      response.setContentType(type);
      response.setContentLengthLong(bytes.length());
      if (!request.getMethod().equals("HEAD")) {
        copy(response.getOutputStream());
      }
    }
  }

  private void copy(OutputStream out) throws IOException {
    var piece = ByteBuffer.allocate((int) Math.min(PIECE, bytes.length()));
    for (long sent = 0; sent < bytes.length(); sent += piece.limit()) {
      piece.clear().limit((int) Math.min(PIECE, bytes.length() - sent));
      bytes.read(sent, piece);
      out.write(piece.array(), 0, piece.limit());
    }
  }
}
