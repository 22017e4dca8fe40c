package io.fedstep;

import io.fedstep.store.StorageException;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Shows without a stack trace why the data folder cannot be used. */
final class StorageFailureAnalyzer extends AbstractFailureAnalyzer<StorageException> {
  @Override
  protected FailureAnalysis analyze(Throwable root, StorageException cause) {
    return new FailureAnalysis(
        "The data folder cannot be used: " + cause.getMessage(),
        "Check fedstep.data-dir: it has to be writable, for one server alone, and written by this"
            + " version of fedstep or an earlier one.",
        cause);
  }
}
