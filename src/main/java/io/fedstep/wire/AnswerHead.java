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
 * @param tag of what is sent, without coding and quotes
 * @param fileName under which a browser saves the content
 * @param isFixed whether the address gives the same for ever
 */
public record AnswerHead(
    String model, String tag, Coding coding, long version, String fileName, boolean isFixed) {
  private static final int IM_USED = 226;

  /** The answer with something of a version, which {@code suffix} tells from the rest of it. */
  public static AnswerHead of(
      String model,
      VersionInfo info,
      String suffix,
      String fileName,
      boolean isFixed,
      HttpServletRequest request) {
    Coding coding = Coding.accepted(request.getHeader("Accept-Encoding"));
    return new AnswerHead(model, info.base() + suffix, coding, info.version(), fileName, isFixed);
  }

  /** The same in another coding. */
  public AnswerHead in(Coding other) {
    return new AnswerHead(model, tag, other, version, fileName, isFixed);
  }

  /** The entity tag. */
  public String etag() {
    return etag(coding);
  }

  /** The entity tag of the same in a coding. */
  public String etag(Coding other) {
    return "\"" + tag + other.suffix() + "\"";
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
            : fields.size() == 1 && fields.getFirst().strip().equals(etag()));
  }

  /** Writes the fields of an answer that has the content. */
  void write(String type, HttpServletResponse response) {
    writeFields(response);
    response.setContentType(type);
    response.setHeader("Content-Disposition", "attachment; filename=\"" + fileName + "\"");
  }

  private void writeFields(HttpServletResponse response) {
    response.setHeader("ETag", etag());
    response.setHeader("Vary", "Accept, Accept-Encoding, A-IM");
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
                etag(),
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

  /**
   * Sends what differs from an earlier version, in this coding (RFC 3229).
   *
   * @param from the entity tag of that version's, without coding
   * @param delta closed once it is sent
   */
  public void sendDelta(
      HttpServletRequest request,
      HttpServletResponse response,
      String type,
      String from,
      FileRange delta)
      throws IOException {
    try (delta) {
      start(response, type);
      response.setStatus(IM_USED);
      response.setHeader("ETag", etag(Coding.IDENTITY));
      response.setHeader("IM", "xor");
      response.setHeader("Delta-Base", from);
      response.setContentLengthLong(delta.length());
      if (!request.getMethod().equals("HEAD")) {
        Sendfile.send(delta, ByteRange.whole(delta.length()), request, response);
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
