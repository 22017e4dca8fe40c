package io.fedstep.optim;

import io.fedstep.plugin.Plugin;
import io.fedstep.plugin.Rate;

/**
 * A rate by rounds, as one of declearn's schedulers computes it. A server takes one step a round:
 * steps and rounds are the same, whichever of them a scheduler is told to count.
 */
public interface Schedule extends Rate, Plugin<Schedule> {}
