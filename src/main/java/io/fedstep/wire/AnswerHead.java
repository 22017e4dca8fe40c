package io.fedstep.wire;

import io.fedstep.quota.OutputInTurns;
import io.fedstep.quota.Turns;
import io.fedstep.store.FileRange;
import io.fedstep.store.KeptAnswers;
import io.fedstep.store.VersionInfo;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Collections;
import java.util.List;

/**
 * The fields that every answer about a version has, 304 included.
 *
 * @param fileName under which a browser saves the content
 * @param isFixed whether the address gives the same for ever
 */
public record AnswerHead(
    String model, String etag, Coding coding, long version, String fileName, boolean isFixed) {
  /** The answer with something of a version, which {@code suffix} tells from the rest of it. */
  public static AnswerHead of(
      String model,
      VersionInfo info,
      String suffix,
      String fileName,
      boolean isFixed,
      HttpServletRequest request) {
    Coding coding = Coding.accepted(request.getHeader("Accept-Encoding"));
    String etag = "\"" + info.base() + suffix + coding.suffix() + "\"";
    return new AnswerHead(model, etag, coding, info.version(), fileName, isFixed);
  }

  /**
   * Whether {@code Range} is to be looked at: {@code If-Range} names this, or is absent where the
   * address gives the same for ever. Elsewhere the parts of a download could be of two versions.
   */
  boolean isRangeWanted(HttpServletRequest request) {
    List<String> fields = Collections.list(request.getHeaders("If-Range"));
    return request.getMethod().equals("GET")
        && (fields.isEmpty()
            ? isFixed
            : fields.size() == 1 && fields.getFirst().strip().equals(etag));
  }

  /** Writes the fields of an answer that has the content. */
  void write(String type, HttpServletResponse response) {
    writeFields(response);
    response.setContentType(type);
    response.setHeader("Content-Disposition", "attachment; filename=\"" + fileName + "\"");
  }

  private void writeFields(HttpServletResponse response) {
    response.setHeader("ETag", etag);
    response.setHeader("Vary", "Accept, Accept-Encoding");
    response.setHeader("Cache-Control", "no-cache");
    response.setHeader("Fedstep-Version", Long.toString(version));
  }

  /**
   * Sends content that has to be computed: once, where it can be kept.
   *
   * @param length of what it is computed from
   * @param upTo bytes that it has at most
   */
  public void send(
      HttpServletRequest request,
      HttpServletResponse response,
      String type,
      long length,
      long upTo,
      KeptAnswers.Computation content)
      throws IOException {
    if (request.getMethod().equals("HEAD")) {
      start(response, type);
    } else if (length <= HeavyWork.SMALL) {
      start(response, type);
      try (OutputStream out = coding.compress(response.getOutputStream())) {
        content.write(out);
      }
    } else {
      sendHeavy(request, response, type, upTo, content);
    }
  }

  private void sendHeavy(
      HttpServletRequest request,
      HttpServletResponse response,
      String type,
      long upTo,
      KeptAnswers.Computation content)
      throws IOException {
    HeavyWork work = Exchange.of(request).work();
    String holder = Exchange.holder(request);
    FileRange kept =
        work.kept()
            .file(
                model,
                etag,
                upTo,
                HeavyWork.PATIENCE_WITH_OTHERS,
                out -> {
                  try (var _ = work.answer(holder)) {
                    compute(content, work.turn(holder), out);
                  }
                });
    if (kept != null) {
      try (kept) {
        start(response, type);
        response.setContentLengthLong(kept.length());
        Sendfile.send(kept, ByteRange.whole(kept.length()), request, response);
      }
    } else {
      try (var _ = work.answer(holder)) {
        start(response, type);
        compute(content, work.turn(holder), response.getOutputStream());
      }
    }
  }

  private void compute(KeptAnswers.Computation content, Turns.Turn turn, OutputStream to)
      throws IOException {
    try (var turned = new OutputInTurns(to, turn);
        OutputStream out = coding.compress(turned)) {
      content.write(out);
    }
  }

  private void start(HttpServletResponse response, String type) {
    write(type, response);
    if (coding != Coding.IDENTITY) {
      response.setHeader("Content-Encoding", coding.label());
    }
  }

  /** Answers that the client has it. */
  public void notModified(HttpServletResponse response) {
    writeFields(response);
    response.setStatus(HttpServletResponse.SC_NOT_MODIFIED);
  }
}
