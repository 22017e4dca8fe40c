/**
 * The benchmarks: each work beside its limit or its peer in the same run, turn by turn. {@link
 * Performance} prints the table; {@link PerformanceTest} runs the same code in tiny sizes.
 */
@NullMarked
package io.fedstep.bench;

import org.jspecify.annotations.NullMarked;
