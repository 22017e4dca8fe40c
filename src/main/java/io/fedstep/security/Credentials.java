package io.fedstep.security;

import static java.util.stream.Collectors.joining;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.io.Resource;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.cfg.EnumFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * The callers that the server knows: the tokens of its configuration, and those of a file that is
 * read again when it changes. A file that cannot be read changes nothing.
 */
public final class Credentials implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Credentials.class);

  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .enable(MapperFeature.ACCEPT_CASE_INSENSITIVE_ENUMS)
          .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .enable(EnumFeature.FAIL_ON_NUMBERS_FOR_ENUMS)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  /** Bytes of a file of tokens: about a hundred thousand. */
  private static final int MOST_BYTES = 16 << 20;

  /** Ids that a line of the log names. */
  private static final int MOST_NAMED = 20;

  private static final Duration LOOKS_EVERY = Duration.ofSeconds(1);

  private final List<Token> fixed;
  private final @Nullable Resource file;
  private byte @Nullable [] seen;
  private volatile String complaint = "";
  private volatile KnownTokens known;
  private final ScheduledExecutorService clock =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("tokens").factory());

  /**
   * The tokens of a configuration and those of a file.
   *
   * @throws IllegalArgumentException if they contradict each other, or the file cannot be read
   */
  public Credentials(List<Token> fixed, @Nullable Resource file) {
    this.fixed = List.copyOf(fixed);
    this.file = file;
    try {
      known = new KnownTokens(fixed);
    } catch (IllegalArgumentException e) {
      throw new TokensException("fedstep.security.tokens: " + e.getMessage(), e);
    }
    if (file != null) {
      try {
        read(file, file.getContentAsByteArray());
        warnOfNone(file);
      } catch (IOException e) {
        throw new TokensException("%s: %s".formatted(file.getDescription(), why(file, e)), e);
      }
      var _ =
          clock.scheduleWithFixedDelay(
              this::reload, LOOKS_EVERY.toMillis(), LOOKS_EVERY.toMillis(), TimeUnit.MILLISECONDS);
    }
  }

  /** Whether requests need credentials. */
  boolean areConfigured() {
    return file != null || !fixed.isEmpty();
  }

  /** Reads the file again if it has changed. */
  synchronized void reload() {
    if (file == null) {
      return;
    }
    try {
      byte[] now = file.getContentAsByteArray();
      if (!Arrays.equals(now, seen)) {
        Set<String> before = known.ids();
        read(file, now);
        complaint = "";
        tellChange(file, before);
      }
    } catch (IOException e) {
      seen = null; // it may come back as it was
      complain(file, e);
    } catch (IllegalArgumentException e) {
      complain(file, e);
    }
  }

  /** Says why a file is not taken up, once as long as it is the same. */
  private void complain(Resource from, Exception e) {
    String now = why(from, e);
    if (!now.equals(complaint)) {
      LOG.error("{} cannot be read; those known before still are: {}", from.getDescription(), now);
    }
    complaint = now;
  }

  private static String why(Resource from, Exception e) {
    return from.exists() ? String.valueOf(e.getMessage()) : "there is none";
  }

  private void tellChange(Resource from, Set<String> before) {
    Set<String> after = known.ids();
    LOG.info(
        "{} was read again: {} tokens; came: {}; went: {}",
        from.getDescription(),
        known.size(),
        named(after, before),
        named(before, after));
    warnOfNone(from);
  }

  private void warnOfNone(Resource from) {
    if (known.ids().isEmpty()) {
      LOG.warn("{} has no tokens: nobody is let in by one", from.getDescription());
    }
  }

  /** The ids that one set has and another has not, as many as a line bears. */
  private static String named(Set<String> these, Set<String> without) {
    List<String> ids = these.stream().filter(id -> !without.contains(id)).sorted().toList();
    String first = ids.stream().limit(MOST_NAMED).collect(joining(", "));
    int more = ids.size() - MOST_NAMED;
    return ids.isEmpty() ? "none" : more > 0 ? first + " and " + more + " more" : first;
  }

  /** Whether those that are known are the ones that stand in the file. */
  public boolean areAsInFile() {
    return complaint.isEmpty();
  }

  private void read(Resource from, byte[] bytes) {
    seen = bytes;
    var tokens = new ArrayList<>(fixed);
    try {
      tokens.addAll(parse(bytes));
      known = new KnownTokens(tokens);
    } catch (RuntimeException e) {
      throw new TokensException(
          "%s is no file of tokens: %s".formatted(from.getDescription(), rootOf(e).getMessage()),
          e);
    }
  }

  /** The {@code tokens} of a JSON document, each as {@link Token} has it, and nothing else. */
  static List<Token> parse(byte[] json) {
    if (json.length > MOST_BYTES) {
      throw new IllegalArgumentException("it has more than %s bytes".formatted(MOST_BYTES));
    }
    Document document = MAPPER.readValue(json, Document.class);
    if (document == null) {
      throw new IllegalArgumentException(Document.FORM);
    }
    return document.tokens;
  }

  /** What a file holds. */
  record Document(List<Token> tokens) {
    private static final String FORM = "it is not {\"tokens\": [{...}, ...]}";

    Document {
      if (tokens == null || tokens.stream().anyMatch(Objects::isNull)) {
        throw new IllegalArgumentException(FORM);
      }
    }
  }

  private static Throwable rootOf(Throwable e) {
    return e.getCause() == null ? e : rootOf(e.getCause());
  }

  /** The caller with a token, or null. */
  @Nullable Caller byToken(String token) {
    return known.byHash(Token.sha256(token));
  }

  /** The caller with an id, or null. */
  @Nullable Caller byId(String id) {
    return known.byId(id);
  }

  /** The caller that a JWT or a certificate calls by a name, or null. */
  @Nullable Caller bySubject(String subject) {
    return known.bySubject(subject);
  }

  /** Whether an id is that of a subject, and so of nobody who only has the same name. */
  boolean isMapped(String id) {
    return known.isMapped(id);
  }

  @Override
  public void close() {
    clock.shutdownNow();
  }
}
