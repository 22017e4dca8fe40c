package io.fedstep.security;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** The tokens of the configuration cannot be used. */
final class TokensException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  TokensException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  /** Shows it at start without a stack trace, with what to do. */
  static final class Analyzer extends AbstractFailureAnalyzer<TokensException> {
    @Override
    protected FailureAnalysis analyze(Throwable root, TokensException cause) {
      return new FailureAnalysis(
          "fedstep does not know whom to let in: " + cause.getMessage(),
          """
          fedstep.security.tokens-file (FEDSTEP_SECURITY_TOKENS_FILE) names a JSON file that fedstep \
          may read, such as
            {"tokens": [{"id": "alice", "sha256": "64 hex digits", "role": "client", "models": ["*"]}]}
          with the hash that printf %s TOKEN | sha256sum gives. docs/SECURITY.md says more.\
          """,
          cause);
    }
  }
}
