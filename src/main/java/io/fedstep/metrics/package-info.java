/** What operators watch: meters for Prometheus, and the log's lines about models. */
@NullMarked
package io.fedstep.metrics;

import org.jspecify.annotations.NullMarked;
