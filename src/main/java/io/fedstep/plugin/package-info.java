/**
 * The words for whatever a spec names: modules, regularizers, schedules, aggregators, modes of
 * rounds. Each has a name, settings with defaults and ranges, and says what it needs to be given.
 */
@NullMarked
package io.fedstep.plugin;

import org.jspecify.annotations.NullMarked;
