package io.fedstep;

import io.fedstep.local.QuietEngine;
import org.junit.platform.launcher.LauncherSession;
import org.junit.platform.launcher.LauncherSessionListener;
import org.slf4j.LoggerFactory;

/**
 * Has the loggers there before tests run beside each other: who asks for one while another thread
 * makes the first gets a substitute, of which nothing can be configured. What failures of
 * simulations say is kept out from then on.
 */
public final class LoggersFirst implements LauncherSessionListener {
  @Override
  public void launcherSessionOpened(LauncherSession session) {
    LoggerFactory.getILoggerFactory();
    QuietEngine.install();
  }
}
