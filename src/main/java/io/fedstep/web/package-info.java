/** The HTTP contract: thin controllers and one place that turns refusals into problem documents. */
@NullMarked
package io.fedstep.web;

import org.jspecify.annotations.NullMarked;
