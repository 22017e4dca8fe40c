/** What Prometheus sees. */
@NullMarked
package io.fedstep.metrics;

import org.jspecify.annotations.NullMarked;
